// What Argo CD and Flux make of an object: tests ask, one JSON request per line of stdin, and read one JSON answer per line.
//
//	{"do":"health","lua":"...","object":{...}}      Argo CD's health of the object
//	{"do":"discovery","lua":"...","object":{...}}   the actions Argo CD offers
//	{"do":"action","lua":"...","object":{...}}      what Argo CD would create, or send as a merge patch
//	{"do":"kstatus","object":{...}}                 how Flux, Config Sync and kpt see it
//	{"do":"cel","exprs":{...},"object":{...}}       how Flux sees it by healthCheckExprs
//
// The Lua interpreter, its libraries, and what is done with its answer are as in Argo CD; kstatus and CEL are Flux's own libraries.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Longest line: an object is at most 1.5 MiB in the API server, and a patch may hold it once more.
const maxLine = 8 << 20

type request struct {
	Do     string          `json:"do"`
	Lua    string          `json:"lua"`
	Exprs  expressions     `json:"exprs"`
	Object json.RawMessage `json:"object"`
}

type answer struct {
	Status  string   `json:"status,omitempty"`
	Message string   `json:"message,omitempty"`
	Actions []action `json:"actions,omitempty"`
	Effects []effect `json:"effects,omitempty"`
	Error   string   `json:"error,omitempty"`
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, maxLine)
	answers := json.NewEncoder(os.Stdout)
	for lines.Scan() {
		said, err := answerTo(lines.Bytes())
		if err != nil {
			said = answer{Error: err.Error()}
		}
		if err := answers.Encode(said); err != nil {
			fail(err)
		}
	}
	if err := lines.Err(); err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

func answerTo(line []byte) (answer, error) {
	var asked request
	if err := json.Unmarshal(line, &asked); err != nil {
		return answer{}, fmt.Errorf("request: %w", err)
	}
	object := &unstructured.Unstructured{}
	// Numbers become int64 or float64, as from the API server.
	if err := object.UnmarshalJSON(asked.Object); err != nil {
		return answer{}, fmt.Errorf("object: %w", err)
	}
	switch asked.Do {
	case "health":
		return health(object, asked.Lua)
	case "discovery":
		return discovery(object, asked.Lua)
	case "action":
		return act(object, asked.Lua)
	case "kstatus":
		return kstatus(object)
	case "cel":
		return byExpressions(object, asked.Exprs)
	default:
		return answer{}, fmt.Errorf("do: %q is none of health, discovery, action, kstatus, cel", asked.Do)
	}
}
