package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	lua "github.com/yuin/gopher-lua"
	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	luajson "layeh.com/gopher-json"
)

// Argo CD ends a script after a second. Here it may take longer: the machine may be busy, and no test is about speed.
const scriptLimit = 20 * time.Second

// What Argo CD takes as a health; anything else it shows as Unknown.
var healths = []string{"Unknown", "Progressing", "Suspended", "Healthy", "Degraded", "Missing"}

type action struct {
	Name        string `json:"name"`
	Disabled    bool   `json:"disabled"`
	DisplayName string `json:"displayName,omitempty"`
	IconClass   string `json:"iconClass,omitempty"`
}

// What an action does to the cluster.
type effect struct {
	// create or patch.
	Operation string `json:"operation"`
	// The object to be created, or what a merge patch holds; null if there is nothing to change.
	Body json.RawMessage `json:"body"`
}

// Runs a script on the global "obj", with what Argo CD gives to scripts of its ConfigMap: no string, math, io or debug library,
// and of os only time and date, by require.
func runLua(object *unstructured.Unstructured, script string) (lua.LValue, error) {
	state := lua.NewState(lua.Options{SkipOpenLibs: true})
	defer state.Close()
	libraries := []struct {
		name string
		open lua.LGFunction
	}{{lua.LoadLibName, lua.OpenPackage}, {lua.BaseLibName, lua.OpenBase}, {lua.TabLibName, lua.OpenTable}}
	for _, library := range libraries {
		call := lua.P{Fn: state.NewFunction(library.open), NRet: 0, Protect: true}
		if err := state.CallByParam(call, lua.LString(library.name)); err != nil {
			return nil, err
		}
	}
	state.PreloadModule(lua.OsLibName, safeOs)
	limit, cancel := context.WithTimeout(context.Background(), scriptLimit)
	defer cancel()
	state.SetContext(limit)
	state.SetGlobal("obj", toLua(state, object.Object))
	if err := state.DoString(script); err != nil {
		return nil, err
	}
	return state.Get(-1), nil
}

// The two functions of os that Argo CD lets a script have.
func safeOs(state *lua.LState) int {
	whole := lua.NewState(lua.Options{SkipOpenLibs: true})
	lua.OpenOs(whole)
	from, _ := whole.GetGlobal(lua.OsLibName).(*lua.LTable)
	safe := state.NewTable()
	for _, name := range []string{"time", "date"} {
		if function, ok := from.RawGetString(name).(*lua.LFunction); ok {
			safe.RawSetString(name, state.NewFunction(function.GFunction))
		}
	}
	state.Push(safe)
	return 1
}

// A null becomes nothing at all, as in Argo CD.
func toLua(state *lua.LState, value any) lua.LValue {
	switch given := value.(type) {
	case bool:
		return lua.LBool(given)
	case string:
		return lua.LString(given)
	case int64:
		return lua.LNumber(given)
	case float64:
		return lua.LNumber(given)
	case []any:
		list := state.CreateTable(len(given), 0)
		for _, item := range given {
			list.Append(toLua(state, item))
		}
		return list
	case map[string]any:
		table := state.CreateTable(0, len(given))
		for key, item := range given {
			table.RawSetString(key, toLua(state, item))
		}
		return table
	default:
		return lua.LNil
	}
}

func tableFrom(object *unstructured.Unstructured, script string) ([]byte, error) {
	value, err := runLua(object, script)
	if err != nil {
		return nil, err
	}
	if value.Type() != lua.LTTable {
		return nil, fmt.Errorf("the script returns a %s, not a table", value.Type())
	}
	return luajson.Encode(value)
}

func health(object *unstructured.Unstructured, script string) (answer, error) {
	said, err := tableFrom(object, script)
	if err != nil {
		return answer{}, err
	}
	var found struct{ Status, Message string }
	if err := json.Unmarshal(said, &found); err != nil {
		return answer{}, err
	}
	if !slices.Contains(healths, found.Status) {
		return answer{}, fmt.Errorf("%q is no health of Argo CD", found.Status)
	}
	return answer{Status: found.Status, Message: found.Message}, nil
}

func discovery(object *unstructured.Unstructured, script string) (answer, error) {
	said, err := tableFrom(object, script)
	if err != nil {
		return answer{}, err
	}
	if string(said) == "[]" { // An empty table.
		return answer{}, nil
	}
	var found map[string]json.RawMessage
	if err := json.Unmarshal(said, &found); err != nil {
		return answer{}, err
	}
	actions := []action{}
	for name, details := range found {
		one := action{Name: name}
		if string(details) != "[]" {
			if err := json.Unmarshal(details, &one); err != nil {
				return answer{}, fmt.Errorf("action %s: %w", name, err)
			}
		}
		actions = append(actions, one)
	}
	slices.SortFunc(actions, func(a, b action) int { return strings.Compare(a.Name, b.Name) })
	return answer{Actions: actions}, nil
}

func act(object *unstructured.Unstructured, script string) (answer, error) {
	said, err := tableFrom(object, script)
	if err != nil {
		return answer{}, err
	}
	type impact struct {
		Operation string         `json:"operation"`
		Resource  map[string]any `json:"resource"`
	}
	impacts := []impact{}
	if bytes.HasPrefix(said, []byte("[")) {
		err = json.Unmarshal(said, &impacts)
	} else { // The changed object alone.
		patched := map[string]any{}
		err = json.Unmarshal(said, &patched)
		impacts = append(impacts, impact{Operation: "patch", Resource: patched})
	}
	if err != nil {
		return answer{}, err
	}
	effects := []effect{}
	for _, one := range impacts {
		body, err := bodyOf(one.Operation, one.Resource, object)
		if err != nil {
			return answer{}, err
		}
		effects = append(effects, effect{Operation: one.Operation, Body: body})
	}
	return answer{Effects: effects}, nil
}

func bodyOf(operation string, resource map[string]any, live *unstructured.Unstructured) (json.RawMessage, error) {
	switch operation {
	case "create":
		return json.Marshal(resource)
	case "patch":
		before, err := json.Marshal(live.Object)
		if err != nil {
			return nil, err
		}
		after, err := json.Marshal(withMaps(resource, live.Object))
		if err != nil {
			return nil, err
		}
		patch, err := jsonpatch.CreateMergePatch(before, after)
		if err != nil || string(patch) == "{}" {
			return json.RawMessage("null"), err
		}
		return patch, nil
	default:
		return nil, fmt.Errorf("operation: %q is neither create nor patch", operation)
	}
}

// Lua knows no difference between an empty list and an empty map. What comes back as an empty list and was a map is one again.
func withMaps(after, before any) any {
	switch now := after.(type) {
	case map[string]any:
		was, _ := before.(map[string]any)
		for key, value := range now {
			now[key] = withMaps(value, was[key])
		}
		return now
	case []any:
		if was, ok := before.(map[string]any); ok && len(now) == 0 {
			return was
		}
		was, _ := before.([]any)
		for index, value := range now {
			if index < len(was) {
				now[index] = withMaps(value, was[index])
			}
		}
		return now
	default:
		return after
	}
}
