package main

import (
	"fmt"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/ext"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// spec.healthCheckExprs of a Kustomization.
type expressions struct {
	Current    string `json:"current"`
	InProgress string `json:"inProgress"`
	Failed     string `json:"failed"`
}

func kstatus(object *unstructured.Unstructured) (answer, error) {
	found, err := status.Compute(object)
	if err != nil {
		return answer{}, err
	}
	return answer{Status: found.Status.String(), Message: found.Message}, nil
}

// In the order of Flux's RFC 0009: an old status is in progress; then the first expression that holds, else in progress.
func byExpressions(object *unstructured.Unstructured, exprs expressions) (answer, error) {
	observed, found, err := unstructured.NestedInt64(object.Object, "status", "observedGeneration")
	if err != nil {
		return answer{}, err
	}
	if found && observed != object.GetGeneration() {
		return answer{Status: status.InProgressStatus.String()}, nil
	}
	for _, one := range []struct {
		text   string
		status status.Status
	}{
		{exprs.InProgress, status.InProgressStatus},
		{exprs.Failed, status.FailedStatus},
		{exprs.Current, status.CurrentStatus},
	} {
		if one.text == "" {
			continue
		}
		holds, err := evaluate(one.text, object.Object)
		if err != nil {
			return answer{}, err
		}
		if holds {
			return answer{Status: one.status.String()}, nil
		}
	}
	return answer{Status: status.InProgressStatus.String()}, nil
}

// Parsed, not compiled, with the extensions that Flux has.
func evaluate(text string, object map[string]any) (bool, error) {
	env, err := cel.NewEnv(
		cel.HomogeneousAggregateLiterals(), cel.EagerlyValidateDeclarations(true), cel.DefaultUTCTimeZone(true),
		cel.CrossTypeNumericComparisons(true), cel.OptionalTypes(), ext.Strings(), ext.Sets(), ext.Encoders(),
	)
	if err != nil {
		return false, err
	}
	parsed, issues := env.Parse(text)
	if issues.Err() != nil {
		return false, issues.Err()
	}
	program, err := env.Program(parsed)
	if err != nil {
		return false, err
	}
	value, _, err := program.Eval(object)
	if err != nil {
		return false, fmt.Errorf("%s: %w", text, err)
	}
	holds, ok := value.(types.Bool)
	if !ok {
		return false, fmt.Errorf("%s: is %s, not a bool", text, value.Type())
	}
	return bool(holds), nil
}
