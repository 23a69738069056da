// Reads rendered manifests from standard input and decodes each into the type of its kind, strictly: a field that the
// API does not know, or a value of another type, is an error. Kinds of others (ServiceMonitor) are named and passed over.
package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/util/yaml"
)

var others = []string{"monitoring.coreos.com/"}

func main() {
	if err := check(os.Stdin); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func decoder() (runtime.Decoder, error) {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{
		appsv1.AddToScheme, autoscalingv2.AddToScheme, batchv1.AddToScheme, corev1.AddToScheme,
		networkingv1.AddToScheme, policyv1.AddToScheme,
	} {
		if err := add(scheme); err != nil {
			return nil, err
		}
	}
	return serializer.NewCodecFactory(scheme, serializer.EnableStrict).UniversalDeserializer(), nil
}

func check(in io.Reader) error {
	decode, err := decoder()
	if err != nil {
		return err
	}
	reader := yaml.NewYAMLReader(bufio.NewReader(in))
	var found []string
	var wrong []error
	for {
		document, err := reader.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		kind, err := checkOne(decode, document)
		if err != nil {
			wrong = append(wrong, fmt.Errorf("%w, in:\n%s", err, document))
		} else if kind != "" {
			found = append(found, kind)
		}
	}
	if len(found) == 0 && len(wrong) == 0 {
		return errors.New("no manifest came")
	}
	fmt.Printf("%d manifests: %s\n", len(found), strings.Join(found, ", "))
	return errors.Join(wrong...)
}

func checkOne(decode runtime.Decoder, document []byte) (string, error) {
	var meta struct {
		APIVersion string `json:"apiVersion"`
		Kind       string `json:"kind"`
	}
	if err := yaml.Unmarshal(document, &meta); err != nil {
		return "", err
	}
	if meta.Kind == "" {
		// Between two separators there may be nothing but a comment.
		return "", nil
	}
	for _, prefix := range others {
		if strings.HasPrefix(meta.APIVersion, prefix) {
			return meta.Kind + " (not checked: not of Kubernetes itself)", nil
		}
	}
	_, kind, err := decode.Decode(document, nil, nil)
	if err != nil {
		return "", err
	}
	return kind.Kind, nil
}
