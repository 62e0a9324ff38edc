#include <gmock/gmock.h>

#include "engine/config/infrastructure.h"
#include "tests/engine/config/findings.h"
#include "tests/engine/temporary_folder.h"

namespace conclave::config {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

ConfigFile read(std::string_view text) { return must_be_read(read_config(text, "m.yaml")); }

std::vector<std::string> findings(std::string_view text) { return findings(read(text)); }

// A pod with one container in which `more` stands.
std::string pod(const std::string& more, const std::string& spec = "") {
  return "apiVersion: v1\nkind: Pod\nmetadata: {name: p, labels: {app: p}}\nspec:\n" + spec +
         "  containers:\n  - name: c\n    image: c:1\n" + more;
}

constexpr std::string_view shop = R"(apiVersion: apps/v1
kind: Deployment
metadata: {name: api, namespace: shop}
spec:
  replicas: 3
  selector: {matchLabels: {app: api}}
  template:
    metadata: {labels: {app: api, tier: backend}}
    spec:
      initContainers:
      - name: migrate
        image: shop/migrate:7
        resources: {limits: {memory: 256Mi, cpu: 1}}
      containers:
      - name: api
        image: shop/api:2.4.1
        ports:
        - {name: http, containerPort: 8080}
        - {name: dns, containerPort: 5353, protocol: UDP}
        envFrom:
        - configMapRef: {name: settings}
          prefix: APP_
        env:
        - {name: REGION, value: eu}
        - name: LEVEL
          valueFrom: {configMapKeyRef: {name: settings, key: level}}
        - name: DB_PASSWORD
          valueFrom: {secretKeyRef: {name: database, key: password}}
        - name: NODE
          valueFrom: {fieldRef: {fieldPath: spec.nodeName}}
        resources:
          requests: {cpu: 250m, memory: 128Mi}
          limits: {cpu: "0.5", memory: 512Mi}
        readinessProbe: {httpGet: {path: /ready, port: http}}
        livenessProbe: {tcpSocket: {port: 8080}}
        volumeMounts: [{name: scratch, mountPath: /tmp}]
      - name: proxy
        image: envoy@sha256:0123456789012345678901234567890123456789012345678901234567890123
        ports: [{containerPort: 9000}]
        resources: {requests: {cpu: 1e-1, memory: 1G}}
        livenessProbe: {exec: {command: [true, really]}}
      volumes: [{name: scratch, emptyDir: {}}]
---
apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: Service
  metadata: {name: api, namespace: shop}
  spec:
    selector: {app: api}
    ports: [{name: web, port: 80, targetPort: http}]
- apiVersion: v1
  kind: ConfigMap
  metadata: {name: settings, namespace: shop}
  data: {level: info, mode: fast}
- apiVersion: v1
  kind: ServiceAccount
  metadata: {name: api, namespace: shop}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: shop, namespace: shop}
spec:
  rules:
  - host: shop.example
    http:
      paths:
      - {path: /, pathType: Prefix, backend: {service: {name: api, port: {name: web}}}}
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: api, namespace: shop}
spec:
  schedule: "0 3 * * *"
  jobTemplate:
    spec:
      template:
        spec:
          containers: [{name: clean, image: "shop/clean:3", resources: {limits: {memory: 128Mi}}}]
)";

TEST(Kubernetes, BuildsOneServicePerContainer) {
  const ConfigFile file = read(shop);
  EXPECT_EQ(file.kind, ConfigKind::kubernetes);
  EXPECT_THAT(findings(file), IsEmpty());
  std::vector<std::string> names;
  for (const Service& service : file.model.services) names.push_back(service.name);
  EXPECT_THAT(names, ElementsAre("shop/api/api", "shop/api/proxy", "shop/api/migrate", "shop/api (CronJob)"));
  const Service& api = file.model.services[0];
  EXPECT_EQ(api.replicas, 3);
  EXPECT_EQ(api.cpu_millicores, 500);
  EXPECT_EQ(api.memory_mb, 512);
  EXPECT_THAT(api.ports, ElementsAre(8080, 5353));
  EXPECT_TRUE(api.bindings[1].udp);
  EXPECT_TRUE(api.own_address);
  EXPECT_EQ(api.health_check, "readiness: httpGet /ready:http, liveness: tcpSocket :8080");
  EXPECT_THAT(api.environment,
              ElementsAre(Pair("APP_level", "info"), Pair("APP_mode", "fast"), Pair("LEVEL", "info"), Pair("REGION", "eu")));
  EXPECT_EQ(file.model.services[1].cpu_millicores, 100);
  EXPECT_EQ(file.model.services[1].memory_mb, 953);
  EXPECT_EQ(file.model.services[1].health_check, "liveness: exec true really");
  EXPECT_TRUE(file.model.services[2].runs_once);
  EXPECT_TRUE(file.model.services[3].runs_once);
  EXPECT_THAT(passed(file), UnorderedElementsAre("[0].spec.template.spec.containers[0].env",
                                                 "[0].spec.template.spec.containers[0].env", "[1].items[2]"));
}

TEST(Kubernetes, KeepsEveryValueWithThePathOfItsDocument) {
  const ConfigFile file = read(shop);
  EXPECT_EQ(file.tree.size(), 4U);
  EXPECT_EQ(file.tree[2]["kind"], "Ingress");
  EXPECT_TRUE(std::ranges::any_of(
      file.values, [](const FlatValue& value) { return value.path == "[1].items[0].spec.ports[0].port" && value.line == 52; }));
}

TEST(Kubernetes, SurvivesAHookThatChangesNothing) {
  const ConfigFile file = read(shop);
  const auto again = config_from_json(nlohmann::json::parse(to_json(file.model).dump()));
  ASSERT_TRUE(again);
  EXPECT_EQ(*again, file.model);
  EXPECT_EQ(with_model(file, *again).problems, file.problems);
}

TEST(Kubernetes, ReportsServicesAndIngressesThatLeadNowhere) {
  EXPECT_THAT(findings(pod("    ports: [{name: web, containerPort: 80}]\n") + R"(---
apiVersion: v1
kind: Service
metadata: {name: gone}
spec: {selector: {app: other}, ports: [{port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  selector: {app: p}
  ports: [{port: 80, targetPort: wbe}]
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: i}
spec:
  defaultBackend: {service: {name: missing, port: {number: 80}}}
  rules:
  - http: {paths: [{backend: {service: {name: web, port: {number: 81}}}}]}
  - http: {paths: [{backend: {serviceName: web, servicePort: 80}}]}
)"),
              ElementsAre("13:18 selects-nothing", "20:34 undefined-port", "26:36 undefined-service", "28:67 undefined-port"));
}

TEST(Kubernetes, ReportsSelectorsProbesMountsAndKeysThatMatchNothing) {
  EXPECT_THAT(
      findings(R"(apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec:
  selector: {matchLabels: {app: db, tier: data}}
  template:
    metadata: {labels: {app: db}}
    spec:
      containers:
      - name: db
        image: db:1
        ports: [{name: sql, containerPort: 5432}]
        readinessProbe: {tcpSocket: {port: slq}}
        livenessProbe: {periodSeconds: 5}
        volumeMounts: [{name: data, mountPath: /d}, {name: extra, mountPath: /e}]
        env:
        - {name: A, valueFrom: {configMapKeyRef: {name: settings, key: nope}}}
        - {name: A, value: again}
        imagePullPollicy: Always
  volumeClaimTemplates: [{metadata: {name: data}}]
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {a: b}
)"),
      ElementsAre("5:37 selector-mismatch", "13:44 undefined-port", "14:24 missing-health-check", "15:60 undefined-reference",
                  "17:72 undefined-reference", "18:18 duplicate-variable", "19:9 unknown-key"));
}

TEST(Kubernetes, ReportsContainersOfOnePodThatWantTheSamePort) {
  EXPECT_THAT(findings(pod("    ports: [{containerPort: 80}]\n  - {name: d, image: 'd:1', ports: [{containerPort: 80}]}\n") +
                       "---\napiVersion: v1\nkind: Pod\nmetadata: {name: q}\nspec: {containers: [{name: c, image: 'c:1', ports: "
                       "[{containerPort: "
                       "80}]}]}\n"),
              ElementsAre("9:53 duplicate-port"));
}

TEST(Kubernetes, ReportsAmountsThatAreNone) {
  EXPECT_THAT(findings(pod("    resources: {limits: {cpu: 1 core, memory: 1GB}, requests: {cpu: [], memory: 1e300}}\n")),
              ElementsAre("8:31 bad-quantity", "8:47 bad-quantity", "8:69 bad-quantity", "8:81 bad-quantity"));
  EXPECT_THAT(findings(pod("    resources: {limits: {cpu: 50m, memory: 64Mi}, requests: {cpu: 100m, memory: 65Mi}}\n")),
              ElementsAre("8:31 cpu-too-low", "8:44 memory-too-low", "8:67 limit-below-request", "8:81 limit-below-request"));
}

TEST(Kubernetes, CountsWhatASecretHoldsAsPlainText) {
  const ConfigFile file = read(R"(apiVersion: v1
kind: Secret
metadata: {name: s}
stringData: {user: hunter2}
data: {password: aHVudGVyMg==}
)");
  EXPECT_THAT(findings(file), ElementsAre("4:20 plain-text-secret", "5:18 plain-text-secret"));
  for (const Problem& problem : file.problems) EXPECT_THAT(to_text(problem), Not(HasSubstr("hunter2")));
  EXPECT_THAT(findings(pod("    env: [{name: API_TOKEN, value: abc123}]\n")), ElementsAre("8:36 plain-text-secret"));
}

TEST(Kubernetes, FilesReadTogetherReferToOneAnother) {
  const TemporaryFolder folder;
  const std::vector<std::filesystem::path> paths = {
      folder.write("pod.yaml", pod("    ports: [{name: web, containerPort: 80}]\n")),
      folder.write("service.yaml",
                   "apiVersion: v1\nkind: Service\nmetadata: {name: web}\n"
                   "spec: {selector: {app: p}, ports: [{port: 80, targetPort: web}]}\n"),
      folder.path() / "missing.yaml"};
  const auto files = read_config_files(paths);
  ASSERT_EQ(files.size(), 3U);
  ASSERT_TRUE(files[0] && files[1]);
  EXPECT_THAT(findings(*files[1]), IsEmpty());
  EXPECT_EQ(files[2].error().kind, ErrorKind::io);
  EXPECT_THAT(findings(*read_config_file(paths[1])), ElementsAre("4:18 selects-nothing"));
}

TEST(Kubernetes, ReportsDocumentsThatAreNoObjects) {
  EXPECT_THAT(findings("apiVersion: v1\nkind: Namespace\nmetadata: {}\n---\njust: text\n---\n- 5\n"),
              ElementsAre("1:1 missing-name", "5:1 wrong-type", "7:1 wrong-type"));
}

TEST(Kubernetes, SurvivesObjectsOfAnyForm) {
  for (const char* spec :
       {"5", "[]", "{template: 5}", "{template: {spec: {containers: 5}}}", "{template: {spec: {containers: [5]}}}",
        "{template: {spec: {containers: [{name: [], image: {}, ports: [5], env: [5], envFrom: [[]]}]}}}",
        "{template: {spec: {containers: [{resources: 5, livenessProbe: 5, volumeMounts: 5}]}}, replicas: -1}",
        "{selector: {matchLabels: []}, template: {metadata: 5, spec: {volumes: 5, containers: [{}]}}}"}) {
    for (const char* kind : {"Deployment", "Service", "Ingress", "CronJob", "Pod", "ConfigMap", "List"})
      EXPECT_TRUE(read_config("apiVersion: v1\nkind: " + std::string(kind) + "\nmetadata: []\nspec: " + spec + "\n", "m.yaml"))
          << spec;
  }
}

TEST(Kubernetes, RefusesToGrowWithoutBound) {
  std::string text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: big}\ndata: {k: '" + std::string(1 << 20, 'v') + "'}\n";
  text += "---\napiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers:\n";
  for (int i = 0; i < 100; ++i)
    text += "  - {name: c" + std::to_string(i) + ", image: 'c:1', envFrom: [{configMapRef: {name: big}}]}\n";
  EXPECT_THAT(findings(text), Contains(HasSubstr("too-large")));
}

TEST(Kubernetes, OnlyManifestsMayHaveSeveralDocuments) {
  const auto file = read_config("services: {}\n---\nservices: {}\n", "f.yaml");
  ASSERT_FALSE(file);
  EXPECT_THAT(file.error().text(), HasSubstr("f.yaml:3:1: a second document begins here"));
}

}  // namespace
}  // namespace conclave::config
