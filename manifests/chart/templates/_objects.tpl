{{/* Labels of everything the chart makes, besides those that its objects have anyway. */}}
{{- define "stint.labels" -}}
app.kubernetes.io/name: stint
app.kubernetes.io/part-of: stint
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{/*
The objects of a file of files/, which are those of `kubectl apply -k`: in the release's namespace and with the labels above.
Called with a list: the chart's root, the path, and labels and annotations to add (both may be left out).

A release that leaves what is shared to another (shared.create is false) has its own of the few cluster-wide objects that it needs, under
names that end with its namespace. Only the ClusterRole stint and the priority level are those of the other.
*/}}
{{- define "stint.objects" -}}
{{- $root := index . 0 }}
{{- $labels := include "stint.labels" $root | fromYaml }}
{{- if gt (len .) 2 }}{{ $labels = merge (index . 2) $labels }}{{ end }}
{{- $annotations := dict }}
{{- if gt (len .) 3 }}{{ $annotations = index . 3 }}{{ end }}
{{- $text := $root.Files.Get (index . 1) | replace "stint-system" $root.Release.Namespace }}
{{- range $root.Values.admissionPolicy.otherNamespaces }}
{{- $text = $text | replace ":stint']" (printf ":stint', 'system:serviceaccount:%s:stint']" .) }}
{{- end }}
{{- range regexSplit "(?m)^---$" ($text | replace "stint-metrics-tls" $root.Values.metrics.tlsSecret) -1 }}
{{- $object := . | fromYaml }}
{{- if and $object (or $root.Values.shared.create (ne $object.kind "PriorityLevelConfiguration")) }}
{{- if and (not $root.Values.shared.create) (has $object.kind (list "ClusterRole" "ClusterRoleBinding" "FlowSchema")) }}
{{- $_ := set $object.metadata "name" (printf "%s-%s" $object.metadata.name $root.Release.Namespace) }}
{{- with $object.roleRef }}
{{- if ne .name "stint" }}{{ $_ := set . "name" (printf "%s-%s" .name $root.Release.Namespace) }}{{ end }}
{{- end }}
{{- end }}
{{- $_ := set $object.metadata "labels" (merge (dict) $labels ($object.metadata.labels | default dict)) }}
{{- if $annotations }}
{{- $_ := set $object.metadata "annotations" (merge (dict) $annotations ($object.metadata.annotations | default dict)) }}
{{- end }}
---
{{ toYaml $object }}
{{ end }}
{{- end }}
{{- end }}

{{/* The operator's image. */}}
{{- define "stint.image" -}}
{{- with .Values.image }}
{{- if .digest }}{{ .repository }}@{{ .digest }}{{ else }}{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}{{ end }}
{{- end }}
{{- end }}

{{/* The operator's configuration file; empty when every value is the operator's own default. */}}
{{- define "stint.config" -}}
{{- with .Values.config }}
{{- if ne .logLevel "info" }}
logLevel: {{ .logLevel }}
{{- end }}
{{- if not .events }}
events: false
{{- end }}
{{- with .defaults }}
defaults:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
{{- end }}
