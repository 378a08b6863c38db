// The Deployment and Service of a project, such that a rolling update loses no request.
import { STATS_PORT } from "./docker.ts";
import { flagWords, type GeneratedFile, jsonList, yamlText } from "./generated-file.ts";
import type { Project } from "./project.ts";

/** Time for the cluster to take a pod out of its services, before the pod hears that it has to stop. */
const PRE_STOP_SECONDS = 5;
/** Where nothing else is set: time for those who have not heard that the pod stops. */
const LAME_DUCK_SECONDS = 5;
/** Seconds between the end of the graceful stop and SIGKILL. */
const SPARE_SECONDS = 5;

/** Requests that may wait in a pod for a thread of Python before there are more pods. */
const WAITING = 4;
/** Requests that a pod may work on at once: they wait for each other, or for a database. */
const IN_PROGRESS = 50;

/** Makes `kubernetes.yaml`, and `kubernetes-scaling.yaml` for clusters that know the metrics of pods. */
export function kubernetesFiles(project: Project): GeneratedFile[] {
  const name = yamlText(project.name);
  const { port, gracefulTimeout } = project;
  const lameDuckSeconds = project.lameDuckSeconds ?? LAME_DUCK_SECONDS;
  const grace = PRE_STOP_SECONDS + Math.ceil(lameDuckSeconds + gracefulTimeout) + SPARE_SECONDS;
  const flags = flagWords({ "--lame-duck-seconds": lameDuckSeconds, "--graceful-timeout": gracefulTimeout });
  const text = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: ${name}
  labels:
    app: ${name}
spec:
  replicas: 2
  selector:
    matchLabels:
      app: ${name}
  # Stop an old pod only when a new one is ready.
  minReadySeconds: 5
  strategy:
    type: RollingUpdate
    rollingUpdate:
      maxSurge: 1
      maxUnavailable: 0
  template:
    metadata:
      labels:
        app: ${name}
      annotations:
        prometheus.io/scrape: "true"
        prometheus.io/port: "${STATS_PORT}"
        prometheus.io/path: /metrics
    spec:
      # ${PRE_STOP_SECONDS} s preStop + ${lameDuckSeconds} s --lame-duck-seconds + ${gracefulTimeout} s --graceful-timeout + ${SPARE_SECONDS} s to spare
      terminationGracePeriodSeconds: ${grace}
      securityContext:
        runAsNonRoot: true
        runAsUser: 1000
        seccompProfile:
          type: RuntimeDefault
      containers:
        - name: ${name}
          image: ${project.name}:latest
          # These options are added to the image's command, which sets the ports (tsgi init docker).
          args: ${jsonList(flags)}
          env:
            # The addresses of the ingress, whose X-Forwarded-* headers are trusted.
            - name: FORWARDED_ALLOW_IPS
              value: "10.0.0.0/8"
          ports:
            - name: http
              containerPort: ${port}
            - name: stats
              containerPort: ${STATS_PORT}
          startupProbe:
            httpGet:
              path: /readyz
              port: stats
            periodSeconds: 1
            failureThreshold: 60
          readinessProbe:
            httpGet:
              path: /readyz
              port: stats
            periodSeconds: 2
            failureThreshold: 1
          livenessProbe:
            httpGet:
              path: /healthz
              port: stats
            periodSeconds: 10
            failureThreshold: 3
          lifecycle:
            preStop:
              exec:
                command: ["sleep", "${PRE_STOP_SECONDS}"]
          resources:
            requests:
              cpu: 250m
              memory: 128Mi
            limits:
              memory: 512Mi
          securityContext:
            allowPrivilegeEscalation: false
            readOnlyRootFilesystem: true
            capabilities:
              drop: ["ALL"]
          volumeMounts:
            - name: tmp
              mountPath: /tmp
      volumes:
        - name: tmp
          emptyDir: {}
---
apiVersion: v1
kind: Service
metadata:
  name: ${name}
spec:
  selector:
    app: ${name}
  # The stats port (health checks and metrics) is left out on purpose: it is not for clients.
  ports:
    - name: http
      port: 80
      targetPort: http
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: ${name}
spec:
  maxUnavailable: 1
  selector:
    matchLabels:
      app: ${name}
`;
  return [
    { path: "kubernetes.yaml", text },
    { path: "kubernetes-scaling.yaml", text: scalingText(project) },
  ];
}

/** Pods by the length of the queue: a CPU that waits for a database says nothing of it. */
function scalingText({ name: plainName, isPython }: Project): string {
  const name = yamlText(plainName);
  const metric = isPython ? "tsgi_python_requests_queued" : "tsgi_worker_requests_in_flight";
  return `---
# Needs an adapter that shows metrics of pods to Kubernetes. It adds up the workers of a pod:
#   sum(<<.Series>>{<<.LabelMatchers>>}) by (<<.GroupBy>>)
# Remove "replicas" from the Deployment, or each deploy sets their number back.
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: ${name}
spec:
  scaleTargetRef:
    apiVersion: apps/v1
    kind: Deployment
    name: ${name}
  minReplicas: 2
  maxReplicas: 10
  metrics:
    - type: Pods
      pods:
        metric:
          name: ${metric}
        target:
          type: AverageValue
          averageValue: "${isPython ? WAITING : IN_PROGRESS}"
  behavior:
    # More pods at once, fewer only when the queue has been short for five minutes.
    scaleUp:
      stabilizationWindowSeconds: 0
      policies:
        - type: Percent
          value: 100
          periodSeconds: 30
    scaleDown:
      stabilizationWindowSeconds: 300
      policies:
        - type: Pods
          value: 1
          periodSeconds: 60
`;
}
