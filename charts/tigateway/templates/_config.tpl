{{/*
The bootstrap file: the values' config over what only the release knows. mergeOverwrite never puts an empty value over another
one, so what is filled in here must be nothing that a user could want to empty.
*/}}
{{- define "tigateway.config" -}}
{{- $namespace := .Release.Namespace -}}
{{- $fullname := include "tigateway.fullname" . -}}
{{- $config := deepCopy .Values.config -}}
{{- $management := printf "%s-management" $fullname -}}
{{- $hosts := list $management (printf "%s.%s" $management $namespace) (printf "%s.%s.svc" $management $namespace) (printf "%s.%s.svc.cluster.local" $management $namespace) -}}
{{- $filled := dict
      "management" (dict "auth" (dict "token-file" "/run/tigateway/management-token/token"))
      "tigateway" (dict
        "data-dir" "/data"
        "kubernetes" (dict "namespace" $namespace "gateway" $fullname)
        "sources" (dict
          "configmap" (dict "namespace" $namespace)
          "crd" (dict "namespaces" (list $namespace))
          "ingress" (dict "namespaces" (list $namespace))
          "gateway-api" (dict "namespaces" (list $namespace)))
        "discovery" (dict "kubernetes" (dict "namespaces" (list $namespace)))) -}}
{{- if .Values.tls.secretName -}}
{{- $_ := set $filled "server" (dict "tls" (dict "certificate" "/run/tigateway/tls/tls.crt" "key" "/run/tigateway/tls/tls.key")) -}}
{{- end -}}
{{- $merged := mergeOverwrite $filled $config -}}
{{- $_ := set $merged.management "allowed-hosts" (concat $hosts (dig "management" "allowed-hosts" list $config) | uniq) -}}
{{- toYaml $merged -}}
{{- end -}}

{{/* Whether anything in the effective config (the argument) asks the API server. */}}
{{- define "tigateway.usesKubernetes" -}}
{{- $sources := .tigateway.sources -}}
{{- if or (eq .tigateway.store "kubernetes") $sources.configmap.enabled $sources.crd.enabled $sources.ingress.enabled (index $sources "gateway-api").enabled .tigateway.discovery.kubernetes.enabled -}}
true
{{- end -}}
{{- end -}}

{{/* A duration as the gateway reads it, in whole seconds, rounded up. */}}
{{- define "tigateway.seconds" -}}
{{- $text := kindIs "float64" . | ternary (int64 . | toString) (toString .) | lower | replace " " "" -}}
{{- if regexMatch "^[0-9]+(ms)?$" $text -}}
{{- div (add (trimSuffix "ms" $text | int64) 999) 1000 -}}
{{- else if regexMatch "^[0-9]+[smhd]$" $text -}}
{{- mul (regexFind "^[0-9]+" $text | int64) (get (dict "s" 1 "m" 60 "h" 3600 "d" 86400) (regexFind ".$" $text)) -}}
{{- else if regexMatch "^p([0-9]+d)?(t([0-9]+h)?([0-9]+m)?([0-9]+(\\.[0-9]+)?s)?)?$" $text -}}
{{- $part := dict -}}
{{- range $unit := list "d" "h" "m" "s" -}}
{{- $_ := set $part $unit (regexFind (printf "[0-9.]+%s" $unit) $text | trimSuffix $unit | float64 | ceil | int64) -}}
{{- end -}}
{{- add (mul $part.d 86400) (mul $part.h 3600) (mul $part.m 60) $part.s -}}
{{- else -}}
{{- fail (printf "config.server.drain-timeout: %q is no duration" $text) -}}
{{- end -}}
{{- end -}}

{{- define "tigateway.terminationGracePeriodSeconds" -}}
{{- $config := include "tigateway.config" . | fromYaml -}}
{{- $drain := include "tigateway.seconds" (dig "server" "drain-timeout" "30s" $config) | int64 -}}
{{- $least := add .Values.preStopSleepSeconds $drain -}}
{{- $grace := .Values.terminationGracePeriodSeconds -}}
{{- if kindIs "invalid" $grace -}}
{{- add $least 10 -}}
{{- else if le (int64 $grace) $least -}}
{{- fail (printf "terminationGracePeriodSeconds: %d is not longer than preStopSleepSeconds and server.drain-timeout together, %d s" (int64 $grace) $least) -}}
{{- else -}}
{{- int64 $grace -}}
{{- end -}}
{{- end -}}
