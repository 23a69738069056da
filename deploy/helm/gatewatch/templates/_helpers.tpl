{{- define "gatewatch.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{- define "gatewatch.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else if contains (include "gatewatch.name" .) .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "gatewatch.name" .) | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* dict: root, role. What a selector may name: it never changes. */}}
{{- define "gatewatch.selector" -}}
app.kubernetes.io/name: {{ include "gatewatch.name" .root }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .role }}
{{- end -}}

{{- define "gatewatch.labels" -}}
{{ include "gatewatch.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end -}}

{{- define "gatewatch.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}{{ .repository }}@{{ .digest }}{{- else -}}{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}{{- end -}}
{{- end -}}
{{- end -}}

{{/* dict: root, role. Which variable is read from which key of which Secret, as a map of name to { name, key }. This is the
     one place that says who may know what. */}}
{{- define "gatewatch.files" -}}
{{- $v := .root.Values -}}
{{- $files := dict "GATEWATCH_CLICKHOUSE_URL_FILE" (dict "name" $v.clickhouse.urls.name "key" (index $v.clickhouse.urls.keys .role)) -}}
{{- with $v.clickhouse.tls.ca -}}{{- if .name -}}{{- $_ := set $files "GATEWATCH_CLICKHOUSE_TLS_CA_FILE" . -}}{{- end -}}{{- end -}}
{{- if ne .role "migrate" -}}
  {{- $_ := set $files "GATEWATCH_METRICS_TOKEN_FILE" $v.secrets.metricsToken -}}
  {{- if $v.kafka.sasl.username -}}{{- $_ := set $files "GATEWATCH_KAFKA_SASL_PASSWORD_FILE" $v.kafka.sasl.password -}}{{- end -}}
  {{- with $v.kafka.tls.ca -}}{{- if .name -}}{{- $_ := set $files "GATEWATCH_KAFKA_TLS_CA_FILE" . -}}{{- end -}}{{- end -}}
  {{- with $v.kafka.tls.certificate -}}{{- if .name -}}{{- $_ := set $files "GATEWATCH_KAFKA_TLS_CERT_FILE" . -}}{{- end -}}{{- end -}}
  {{- with $v.kafka.tls.key -}}{{- if .name -}}{{- $_ := set $files "GATEWATCH_KAFKA_TLS_KEY_FILE" . -}}{{- end -}}{{- end -}}
{{- end -}}
{{- if eq .role "ingest" -}}
  {{- $_ := set $files "GATEWATCH_INGEST_TOKEN_FILE" $v.secrets.ingestToken -}}
  {{- $_ := set $files "GATEWATCH_PEPPER_FILE" $v.secrets.pepper -}}
{{- end -}}
{{- if eq .role "api" -}}{{- $_ := set $files "GATEWATCH_ADMIN_TOKEN_FILE" $v.secrets.adminToken -}}{{- end -}}
{{- if eq .role "respond" -}}
  {{- if $v.gateway.url -}}{{- $_ := set $files "GATEWATCH_LITELLM_KEY_FILE" $v.secrets.gatewayKey -}}{{- end -}}
  {{- if $v.secrets.smtpUrl.name -}}{{- $_ := set $files "GATEWATCH_SMTP_URL_FILE" $v.secrets.smtpUrl -}}{{- end -}}
  {{- if $v.secrets.webhookSecret.name -}}{{- $_ := set $files "GATEWATCH_WEBHOOK_SECRET_FILE" $v.secrets.webhookSecret -}}{{- end -}}
{{- end -}}
{{- toYaml $files -}}
{{- end -}}

{{/* dict: root, role. The container of a role, or of migrate. */}}
{{- define "gatewatch.container" -}}
{{- $v := .root.Values -}}
- name: {{ .role }}
  image: {{ include "gatewatch.image" .root | quote }}
  imagePullPolicy: {{ $v.image.pullPolicy }}
  {{- if eq .role "migrate" }}
  args: [migrate]
  {{- else }}
  args: [start, --only, {{ .role }}]
  envFrom:
    - configMapRef:
        name: {{ include "gatewatch.fullname" .root }}
  {{- end }}
  env:
    {{- range $name, $file := include "gatewatch.files" . | fromYaml }}
    - name: {{ $name }}
      value: /run/secrets/gatewatch/{{ $name }}
    {{- end }}
    {{- if and (eq .role "migrate") $v.clickhouse.cluster }}
    - name: GATEWATCH_CLICKHOUSE_CLUSTER
      value: {{ $v.clickhouse.cluster | quote }}
    {{- end }}
    {{- if eq .role "migrate" }}
    - name: GATEWATCH_RETENTION_DAYS
      value: {{ $v.retentionDays | quote }}
    {{- end }}
    {{- if eq .role "respond" }}
    {{- range $name, $value := dict "GATEWATCH_MAIL_TO" $v.notify.mailTo "GATEWATCH_MAIL_FROM" $v.notify.mailFrom "GATEWATCH_WEBHOOK_URL" $v.notify.webhookUrl }}
    {{- if $value }}
    - name: {{ $name }}
      value: {{ $value | quote }}
    {{- end }}
    {{- end }}
    {{- end }}
  resources: {{- index $v .role "resources" | toYaml | nindent 4 }}
  securityContext:
    allowPrivilegeEscalation: false
    readOnlyRootFilesystem: true
    capabilities:
      drop: [ALL]
  {{- if ne .role "migrate" }}
  ports:
    - name: http
      containerPort: 8787
  # It answers before its steps have started; restoring what was learned takes a while.
  startupProbe:
    httpGet: { path: /healthz, port: http }
    periodSeconds: 2
    failureThreshold: 60
  livenessProbe:
    httpGet: { path: /healthz, port: http }
    periodSeconds: 10
    timeoutSeconds: 5
    failureThreshold: 3
  readinessProbe:
    httpGet: { path: /readyz, port: http }
    periodSeconds: 5
    timeoutSeconds: 5
    failureThreshold: 3
  {{- end }}
  volumeMounts:
    - name: secrets
      mountPath: /run/secrets/gatewatch
      readOnly: true
    - name: tmp
      mountPath: /tmp
    - name: data
      mountPath: /data
{{- end -}}

{{/* dict: root, role. All of a pod but its data volume. */}}
{{- define "gatewatch.pod" -}}
{{- $v := .root.Values -}}
serviceAccountName: default
automountServiceAccountToken: false
# Kubernetes would add variables such as GATEWATCH_API_SERVICE_HOST, and a setting that does not exist is a mistake.
enableServiceLinks: false
terminationGracePeriodSeconds: 15
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile:
    type: RuntimeDefault
{{- with $v.imagePullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $v.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with $v.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $v.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- if $v.topologySpread.enabled }}
topologySpreadConstraints:
  {{- range uniq (list $v.topologySpread.topologyKey "kubernetes.io/hostname") }}
  - maxSkew: 1
    topologyKey: {{ . }}
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels: {{- include "gatewatch.selector" $ | nindent 8 }}
  {{- end }}
{{- end }}
containers:
  {{- include "gatewatch.container" . | nindent 2 }}
{{- end -}}

{{/* dict: root, role. Volumes of every pod; data is added where it does not last. */}}
{{- define "gatewatch.volumes" -}}
- name: secrets
  projected:
    defaultMode: 0440
    sources:
      {{- range $name, $file := include "gatewatch.files" . | fromYaml }}
      - secret:
          name: {{ $file.name }}
          items:
            - key: {{ $file.key }}
              path: {{ $name }}
      {{- end }}
- name: tmp
  emptyDir: { sizeLimit: 64Mi }
{{- end -}}
