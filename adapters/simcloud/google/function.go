package google

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"cloud.google.com/go/functions/apiv2/functionspb"
	"google.golang.org/api/cloudfunctions/v2"
	"google.golang.org/api/run/v2"

	"github.com/culvertnet/culvert/adapters/simcloud/world"
)

const (
	functionKind   = "functions"
	functionUpdate = 60 * time.Second // guess
)

func functionMethods() []method {
	const at = "projects/{project}/locations/{region}"
	body := firstSchema(protoSchema(&functionspb.Function{}), structSchema[cloudfunctions.Function]())
	iam := structSchema[run.GoogleIamV1SetIamPolicyRequest]()
	return []method{
		{pattern: "GET " + at + "/functions", call: "functions.list", run: listFunctions},
		{pattern: "GET " + at + "/functions/{name}", call: "functions.get", run: getFunction},
		{pattern: "PATCH " + at + "/functions/{name}", call: "functions.patch", body: body, operation: true,
			run: patchFunction},
		{pattern: "GET " + at + "/functions/{name}", verb: "getIamPolicy", call: "functions.getIamPolicy",
			run: getPolicyOf(functionKind)},
		{pattern: "POST " + at + "/functions/{name}", verb: "setIamPolicy", call: "functions.setIamPolicy", body: iam,
			run: setPolicyOf(functionKind)},
	}
}

func (r *request) functionName() string {
	return "projects/" + r.project + "/locations/" + r.region + "/functions/" + r.name
}

func getFunction(r *request) (world.Doc, *refusal) {
	doc, ok := r.get(functionKind, r.functionName())
	if !ok {
		return nil, rpcNotFound("Resource '%s' was not found", r.functionName())
	}
	return doc, nil
}

func listFunctions(r *request) (world.Doc, *refusal) {
	entries := slices.Collect(r.all(functionKind, "projects/"+r.project+"/locations/"+r.region+"/functions/"))
	return r.rpcList(listing{field: "functions", sizeParameter: "pageSize", size: 1000}, entries), nil
}

// patchFunction deploys the function again: whatever its mask names, the whole service configuration is written to the
// Cloud Run service behind it, and overwrites a binding that was made there.
func patchFunction(r *request) (world.Doc, *refusal) {
	doc, bad := getFunction(r)
	if bad != nil {
		return nil, bad
	}
	if state := str(doc, "state"); state != "ACTIVE" {
		return nil, aborted("unable to queue the operation") // recorded by users; one deployment at a time
	}
	mask := camelMask(r.query.Get("updateMask"))
	if len(mask) == 0 {
		mask = sortedKeys(r.body)
	}
	for _, path := range mask {
		top, _, _ := strings.Cut(path, ".")
		if !slices.Contains([]string{"description", "buildConfig", "serviceConfig", "eventTrigger", "labels"}, top) {
			return nil, rpcInvalid("update_mask: field %q cannot be updated.", path)
		}
		copyPath(doc, r.body, strings.Split(path, "."))
	}
	access, bad := r.functionAccess(obj(doc, "serviceConfig"))
	if bad != nil {
		return nil, bad
	}
	failed := r.inside()
	if failed == nil {
		failed = r.accessFails(r.functionName(), map[string]any{"vpcAccess": access})
	}
	name := r.functionName()
	if failed != nil {
		r.later(functionUpdate, functionKind, name, world.Doc{"state": "ACTIVE"})
		standing, _ := r.get(functionKind, name)
		standing["state"] = "DEPLOYING"
		r.tx.QuietPut(vendor, functionKind, name, standing)
		return r.functionOperation(doc, failed), nil
	}
	doc["updateTime"], doc["state"] = r.now(), "DEPLOYING"
	r.tx.Put(r.effect(functionKind, name, doc), doc)
	r.later(functionUpdate, functionKind, name, world.Doc{"state": "ACTIVE"})
	r.writeThrough(doc, access)
	return r.functionOperation(doc, nil), nil
}

// functionAccess turns a function's network settings into those of a Cloud Run service.
func (r *request) functionAccess(config map[string]any) (map[string]any, *refusal) {
	nics := objs(config, "directVpcNetworkInterface")
	access := map[string]any{}
	switch connector := str(config, "vpcConnector"); {
	case connector != "" && len(nics) > 0:
		return nil, rpcInvalid("service_config: vpc_connector and direct_vpc_network_interface exclude each other.")
	case connector != "":
		if !strings.Contains(connector, "/") {
			connector = "projects/" + r.project + "/locations/" + r.region + "/connectors/" + connector
			config["vpcConnector"] = connector
		}
		defaults(config, map[string]any{"vpcConnectorEgressSettings": "PRIVATE_RANGES_ONLY"})
		access["connector"], access["egress"] = connector, str(config, "vpcConnectorEgressSettings")
	case len(nics) > 0:
		access["networkInterfaces"] = list(config, "directVpcNetworkInterface")
		access["egress"] = strings.TrimPrefix(str(config, "directVpcEgress"), "VPC_EGRESS_")
	default:
		delete(config, "vpcConnectorEgressSettings")
		return nil, nil
	}
	return access, r.checkAccess(access)
}

var functionIngress = map[string]string{
	"ALLOW_ALL": "INGRESS_TRAFFIC_ALL", "ALLOW_INTERNAL_ONLY": "INGRESS_TRAFFIC_INTERNAL_ONLY",
	"ALLOW_INTERNAL_AND_GCLB": "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER",
}

// writeThrough changes the Cloud Run service when the deployment is done, from what is known now: a change made there
// meanwhile is lost.
func (r *request) writeThrough(doc world.Doc, access map[string]any) {
	name := str(doc, "serviceConfig", "service")
	service, ok := r.get(serviceKind, name)
	if !ok {
		return
	}
	template := without(obj(service, "template"), "vpcAccess")
	if access != nil {
		template["vpcAccess"] = access
	}
	generation, _ := num(service, "generation")
	text := strconv.FormatInt(generation+1, 10)
	revision := fmt.Sprintf("%s/revisions/%s-%05d-%s", name, base(name), generation+1,
		strconv.FormatUint(r.tx.ID()%46655, 36))
	r.putRevision(revision, template, nil)
	r.later(functionUpdate, serviceKind, name, world.Doc{
		"template": map[string]any(template), "ingress": functionIngress[str(doc, "serviceConfig", "ingressSettings")],
		"generation": text, "observedGeneration": text, "latestCreatedRevision": revision,
		"latestReadyRevision": revision,
		"etag":                fingerprint([]any{text, r.tx.ID()}), "updateTime": stamp(r.tx.Due(functionUpdate)),
	})
}

func (r *request) functionOperation(doc world.Doc, failed *failure) world.Doc {
	response := without(doc)
	response["@type"], response["state"] = "type.googleapis.com/google.cloud.functions.v2.Function", "ACTIVE"
	return r.start(lro{took: functionUpdate, ended: "endTime", response: response, failed: failed,
		metadata: map[string]any{
			"@type": "type.googleapis.com/google.cloud.functions.v2.OperationMetadata", "createTime": r.now(),
			"target": str(doc, "name"),
			"verb":   "update", "apiVersion": "v2", "operationType": "UPDATE_FUNCTION",
		}})
}
