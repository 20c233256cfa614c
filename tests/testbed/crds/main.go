// Command crds writes what the testbed installs, one JSON file an object, taken
// from the Go modules of the projects that own them, so that no copy has to be
// kept in step with a release by hand.
//
// Usage: crds OUTPUT_DIR [CRD_YAML...]
//
// OUTPUT_DIR/crds.d receives the CustomResourceDefinitions, and
// OUTPUT_DIR/virt-api.d the webhooks and APIServices virt-operator would
// register for virt-api. The YAML files are for projects whose modules carry CRDs as files only.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	extv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	cdi "kubevirt.io/containerized-data-importer/pkg/operator/resources"
	kubevirt "kubevirt.io/kubevirt/pkg/virt-operator/resource/generate/components"
	"sigs.k8s.io/yaml"
)

var kubeVirtCRDs = []func() (*extv1.CustomResourceDefinition, error){
	kubevirt.NewVirtualMachineInstanceCrd,
	kubevirt.NewVirtualMachineCrd,
	kubevirt.NewPresetCrd,
	kubevirt.NewReplicaSetCrd,
	kubevirt.NewVirtualMachineInstanceMigrationCrd,
	kubevirt.NewKubeVirtCrd,
	kubevirt.NewVirtualMachinePoolCrd,
	kubevirt.NewVirtualMachineSnapshotCrd,
	kubevirt.NewVirtualMachineSnapshotContentCrd,
	kubevirt.NewVirtualMachineRestoreCrd,
	kubevirt.NewVirtualMachineExportCrd,
	kubevirt.NewVirtualMachineInstancetypeCrd,
	kubevirt.NewVirtualMachineClusterInstancetypeCrd,
	kubevirt.NewVirtualMachinePreferenceCrd,
	kubevirt.NewVirtualMachineClusterPreferenceCrd,
	kubevirt.NewMigrationPolicyCrd,
	kubevirt.NewVirtualMachineCloneCrd,
}

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: crds OUTPUT_DIR [CRD_YAML...]")
		os.Exit(2)
	}
	if err := writeAll(os.Args[1], os.Args[2:]); err != nil {
		fmt.Fprintln(os.Stderr, "crds:", err)
		os.Exit(1)
	}
}

func writeAll(root string, files []string) error {
	if err := writeVirtAPI(filepath.Join(root, "virt-api.d")); err != nil {
		return err
	}
	return writeCRDs(filepath.Join(root, "crds.d"), files)
}

func writeVirtAPI(dir string) error {
	const namespace = "kubevirt"
	objects := map[string]any{
		"mutating":   kubevirt.NewVirtAPIMutatingWebhookConfiguration(namespace),
		"validating": kubevirt.NewVirtAPIValidatingWebhookConfiguration(namespace),
	}
	for _, service := range kubevirt.NewVirtAPIAPIServices(namespace) {
		objects[service.Name] = service
	}
	for name, object := range objects {
		if err := write(dir, name, object); err != nil {
			return err
		}
	}
	return nil
}

func writeCRDs(dir string, files []string) error {
	for _, build := range kubeVirtCRDs {
		crd, err := build()
		if err != nil {
			return err
		}
		crd.TypeMeta.APIVersion, crd.TypeMeta.Kind = "apiextensions.k8s.io/v1", "CustomResourceDefinition"
		if err := writeCRD(dir, crd); err != nil {
			return err
		}
	}
	for _, text := range cdi.CDICRDs {
		if err := writeYAML(dir, []byte(text)); err != nil {
			return err
		}
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		if err := writeYAML(dir, text); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
	}
	return nil
}

func writeYAML(dir string, text []byte) error {
	crd := &extv1.CustomResourceDefinition{}
	if err := yaml.Unmarshal(text, crd); err != nil {
		return err
	}
	return writeCRD(dir, crd)
}

// writeCRD leaves the status out: the API server owns it.
func writeCRD(dir string, crd *extv1.CustomResourceDefinition) error {
	crd.Status = extv1.CustomResourceDefinitionStatus{}
	return write(dir, crd.Name, crd)
}

func write(dir, name string, object any) error {
	if name == "" {
		return fmt.Errorf("an object without a name")
	}
	body, err := json.Marshal(object)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, name+".json"), body, 0o644)
}
