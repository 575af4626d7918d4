{{/*
What the gateway may do in the cluster, by feature: `rules` in each of `namespaces` ("*": everywhere), `clusterRules` on what
has no namespace. It lists and watches, so names cannot narrow the reading; Secrets are in none of them.
*/}}
{{- define "tigateway.access" -}}
{{- $config := include "tigateway.config" . | fromYaml -}}
{{- $sources := $config.tigateway.sources -}}
{{- $discovery := $config.tigateway.discovery.kubernetes -}}
grants:
{{- if include "tigateway.usesKubernetes" $config }}
  - feature: replicas
    namespaces: [{{ $config.tigateway.kubernetes.namespace }}]
    rules:
      - { apiGroups: [coordination.k8s.io], resources: [leases], verbs: [get, list, watch, create, update, patch, delete] }
{{- end }}
{{- if eq $config.tigateway.store "kubernetes" }}
  - feature: store
    namespaces: [{{ $config.tigateway.kubernetes.namespace }}]
    rules:
      - { apiGroups: [''], resources: [configmaps], verbs: [get, list, watch, create, update, delete] }
{{- end }}
{{- if $sources.configmap.enabled }}
  - feature: configmap
    namespaces: [{{ $sources.configmap.namespace }}]
    rules:
      - { apiGroups: [''], resources: [configmaps], verbs: [get, list, watch] }
{{- end }}
{{- if $sources.crd.enabled }}
  - feature: crd
    namespaces: {{ toJson $sources.crd.namespaces }}
    rules:
      - { apiGroups: [tigateway.cn], resources: [tigatewayroutes, tigatewayfilters, tigatewayconfigs], verbs: [get, list, watch] }
      - { apiGroups: [tigateway.cn], resources: [tigatewayroutes/status, tigatewayfilters/status, tigatewayconfigs/status], verbs: [patch] }
{{- end }}
{{- if $sources.ingress.enabled }}
  - feature: ingress
    namespaces: {{ toJson $sources.ingress.namespaces }}
    rules:
      - { apiGroups: [networking.k8s.io], resources: [ingresses], verbs: [get, list, watch] }
      - { apiGroups: [networking.k8s.io], resources: [ingresses/status], verbs: [patch] }
    clusterRules:
      - { apiGroups: [networking.k8s.io], resources: [ingressclasses], verbs: [get, list, watch] }
{{- end }}
{{- with index $sources "gateway-api" }}
{{- if .enabled }}
  - feature: gateway-api
    namespaces: {{ toJson .namespaces }}
    rules:
      - { apiGroups: [gateway.networking.k8s.io], resources: [gateways, httproutes, referencegrants], verbs: [get, list, watch] }
      - { apiGroups: [gateway.networking.k8s.io], resources: [gateways/status, httproutes/status], verbs: [patch] }
    clusterRules:
      - { apiGroups: [gateway.networking.k8s.io], resources: [gatewayclasses], verbs: [get, list, watch] }
      - { apiGroups: [gateway.networking.k8s.io], resources: [gatewayclasses/status], verbs: [patch] }
      - { apiGroups: [''], resources: [namespaces], verbs: [get, list, watch] }
{{- end }}
{{- end }}
{{- /* Ingresses and HTTPRoutes lead to Services of their own namespaces. */}}
{{- $served := list }}
{{- range list $discovery $sources.ingress (index $sources "gateway-api") }}
{{- if .enabled }}
{{- $served = concat $served .namespaces | uniq }}
{{- end }}
{{- end }}
{{- if $served }}
  - feature: services
    namespaces: {{ toJson $served }}
    rules:
      - { apiGroups: [''], resources: [services], verbs: [get, list, watch] }
      - { apiGroups: [discovery.k8s.io], resources: [endpointslices], verbs: [get, list, watch] }
{{- end }}
{{- end -}}
