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
*/}}
{{- define "stint.objects" -}}
{{- $root := index . 0 }}
{{- $labels := include "stint.labels" $root | fromYaml }}
{{- if gt (len .) 2 }}{{ $labels = merge (index . 2) $labels }}{{ end }}
{{- $annotations := dict }}
{{- if gt (len .) 3 }}{{ $annotations = index . 3 }}{{ end }}
{{- range regexSplit "(?m)^---$" ($root.Files.Get (index . 1)) -1 }}
{{- $object := . | replace "stint-system" $root.Release.Namespace | fromYaml }}
{{- if $object }}
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
