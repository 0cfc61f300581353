package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"
)

// schema is Kubernetes' and KServe's types: see deploy/testdata/schema.py.
type schema struct {
	Roots map[string]string
	Types map[string]map[string]struct {
		Type     string
		Required bool
	}
}

func readSchema(t *testing.T) schema {
	t.Helper()
	data, err := os.ReadFile("deploy/testdata/schema.json")
	if err != nil {
		t.Fatal(err)
	}
	var s schema
	if err := json.Unmarshal(data, &s); err != nil {
		t.Fatal(err)
	}
	return s
}

var (
	listType = regexp.MustCompile(`^[lL]ist\[(.+)\]$`)
	mapType  = regexp.MustCompile(`^[dD]ict[(\[]str, (.+)[)\]]$`)
)

// check lists what is wrong with a value of some type.
func (s schema) check(path, kind string, v any) []string {
	wrong := func() []string { return []string{fmt.Sprintf("%s: %v (%T) is no %s", path, v, v, kind)} }
	var bad []string
	if m := listType.FindStringSubmatch(kind); m != nil {
		list, ok := v.([]any)
		if !ok {
			return wrong()
		}
		for i, e := range list {
			bad = append(bad, s.check(fmt.Sprintf("%s[%d]", path, i), m[1], e)...)
		}
		return bad
	}
	if m := mapType.FindStringSubmatch(kind); m != nil {
		all, ok := v.(map[string]any)
		if !ok {
			return wrong()
		}
		for k, e := range all {
			bad = append(bad, s.check(path+"."+k, m[1], e)...)
		}
		return bad
	}
	ok := true
	switch kind {
	case "str":
		_, ok = v.(string)
	case "int":
		_, ok = v.(int)
	case "bool":
		_, ok = v.(bool)
	case "object":
	case "ResourceQuantity":
		text, isString := v.(string)
		_, isInt := v.(int)
		ok = isInt || isString && regexp.MustCompile(`^\d+(\.\d+)?(m|k|M|G|T|Ki|Mi|Gi|Ti)?$`).MatchString(text)
	default:
		fields, known := s.Types[kind]
		if !known {
			return []string{fmt.Sprintf("%s: type %s is not in the schema", path, kind)}
		}
		if fields == nil {
			return nil
		}
		all, isMap := v.(map[string]any)
		if !isMap {
			return wrong()
		}
		for k, e := range all {
			f, has := fields[k]
			if !has {
				bad = append(bad, fmt.Sprintf("%s: %s has no field %q", path, kind, k))
				continue
			}
			bad = append(bad, s.check(path+"."+k, f.Type, e)...)
		}
		for k, f := range fields {
			if _, has := all[k]; f.Required && !has {
				bad = append(bad, fmt.Sprintf("%s: %s needs a %q", path, kind, k))
			}
		}
		return bad
	}
	if !ok {
		return wrong()
	}
	return nil
}

// objects are the documents of a YAML file.
func objects(t *testing.T, data []byte) []map[string]any {
	t.Helper()
	var all []map[string]any
	d := yaml.NewDecoder(bytes.NewReader(data))
	for {
		var o map[string]any
		err := d.Decode(&o)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, o)
	}
}

// TestManifests: the YAML has the fields that Kubernetes and KServe know, of the types that they have.
func TestManifests(t *testing.T) {
	s := readSchema(t)
	seen := map[string]bool{}
	for _, file := range []string{"deploy/kserve.yaml", "deploy/kubernetes.yaml"} {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range objects(t, data) {
			name := fmt.Sprintf("%v %v", o["apiVersion"], o["kind"])
			root, ok := s.Roots[name]
			if !ok {
				t.Errorf("%s: %s is not in the schema", file, name)
			}
			seen[name] = true
			for _, bad := range s.check(file+": "+name, root, o) {
				t.Error(bad)
			}
		}
	}
	if len(seen) != len(s.Roots) {
		t.Errorf("seen %v of %v", seen, s.Roots)
	}
	// What the check above looks for would be found.
	for text, want := range map[string]string{
		"spec: {replicas: three}":                              "no int",
		"spec: {replica: 3}":                                   `no field "replica"`,
		"spec: {replicas: 3}":                                  `needs a "selector"`,
		"spec: {template: {spec: {containers: [{image: a}]}}}": `needs a "name"`,
		"spec: {template: {spec: {containers: {name: a}}}}":    "no List[V1Container]",
		"spec: {template: {spec: {containers: [{name: a, resources: {limits: {memory: much}}}]}}}": "ResourceQuantity",
		"metadata: {labels: {a: 1}}": "no str",
	} {
		if bad := strings.Join(s.check("", "V1Deployment", objects(t, []byte(text))[0]), "\n"); !strings.Contains(bad, want) {
			t.Errorf("%s: found %q, want %s", text, bad, want)
		}
	}
}

// at walks into a document: names of fields, and numbers of elements.
func at(t *testing.T, v any, path ...any) any {
	t.Helper()
	for i, p := range path {
		switch p := p.(type) {
		case string:
			m, _ := v.(map[string]any)
			v = m[p]
		case int:
			l, _ := v.([]any)
			if p >= len(l) {
				t.Fatalf("nothing at %v", path[:i+1])
			}
			v = l[p]
		}
		if v == nil {
			t.Fatalf("nothing at %v", path[:i+1])
		}
	}
	return v
}

// TestManifestsRun: what the YAML says of the program is so: its flags, ports, paths, metrics, and how long it takes to end.
func TestManifestsRun(t *testing.T) {
	r := start(t, nil)
	metrics := string(r.say("/metrics", nil).body)
	for file, path := range map[string][]any{"deploy/kserve.yaml": {"spec"}, "deploy/kubernetes.yaml": {"spec", "template", "spec"}} {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all := objects(t, data)
		pod := at(t, all[0], path...)
		c := at(t, pod, "containers", 0)
		var args []string
		for _, a := range at(t, c, "args").([]any) {
			args = append(args, strings.ReplaceAll(a.(string), "{{.Name}}", "squeezenet"))
		}
		f, err := parse(args)
		if err != nil {
			t.Fatalf("%s: %v: %v", file, args, err)
		}
		if _, err := f.specs(); err != nil {
			t.Errorf("%s: %v", file, err)
		}
		ports := fmt.Sprint(at(t, c, "ports"))
		if !strings.Contains(ports, "containerPort:"+strings.TrimPrefix(f.HTTP, ":")) {
			t.Errorf("%s: ports %s, the flags say %s", file, ports, f.HTTP)
		}
		for _, probe := range []string{"startupProbe", "readinessProbe", "livenessProbe"} {
			if a := r.say(at(t, c, probe, "httpGet", "path").(string), nil); a.status != 200 {
				t.Errorf("%s: %s: %d", file, probe, a.status)
			}
		}
		if at(t, c, "securityContext", "allowPrivilegeEscalation") != false {
			t.Errorf("%s: privileges may grow", file)
		}
		grace := 30 * time.Second // Kubernetes' own
		if m := pod.(map[string]any); m["terminationGracePeriodSeconds"] != nil {
			grace = time.Duration(m["terminationGracePeriodSeconds"].(int)) * time.Second
		}
		if f.LameDuck+f.Grace > grace {
			t.Errorf("%s: draining may take %v, the pod is killed after %v", file, f.LameDuck+f.Grace, grace)
		}
		for _, o := range all {
			if o["kind"] == "HorizontalPodAutoscaler" {
				if name := at(t, o, "spec", "metrics", 0, "pods", "metric", "name").(string); !strings.Contains(metrics, "\n"+name+"{") {
					t.Errorf("%s: there is no metric %s", file, name)
				}
			}
		}
	}
}

// instruction is a line of a Dockerfile.
type instruction struct{ name, rest string }

// dockerfile reads one: its instructions, by stage.
func dockerfile(t *testing.T) [][]instruction {
	t.Helper()
	data, err := os.ReadFile("deploy/Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	var stages [][]instruction
	for _, line := range strings.Split(strings.ReplaceAll(string(data), "\\\n", " "), "\n") {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		name, rest, _ := strings.Cut(line, " ")
		if name == "FROM" {
			stages = append(stages, nil)
		}
		if len(stages) == 0 {
			t.Fatalf("%q comes before FROM", line)
		}
		stages[len(stages)-1] = append(stages[len(stages)-1], instruction{name, rest})
	}
	return stages
}

// TestDockerfile: two stages; what the build needs of the system is what .ci/setup installs; what is copied is there; the program is started
// with flags that it has, by somebody who isn't root, with OpenGL from NVIDIA's driver.
func TestDockerfile(t *testing.T) {
	stages := dockerfile(t)
	if len(stages) != 2 {
		t.Fatalf("%d stages", len(stages))
	}
	setup, err := os.ReadFile(filepath.Join("..", "..", ".ci", "setup"))
	if err != nil {
		t.Fatal(err)
	}
	known := []string{"FROM", "RUN", "WORKDIR", "COPY", "ENV", "USER", "EXPOSE", "STOPSIGNAL", "ENTRYPOINT", "CMD"}
	env, last := map[string]string{}, map[string]string{}
	made := ""
	for i, stage := range stages {
		for _, in := range stage {
			if !slices.Contains(known, in.name) {
				t.Errorf("instruction %s", in.name)
			}
			if i == 1 {
				last[in.name] = in.rest
			}
			words := strings.Fields(in.rest)
			switch {
			case in.name == "RUN" && strings.Contains(in.rest, "apt-get install"):
				list, _, _ := strings.Cut(in.rest[strings.Index(in.rest, "--no-install-recommends ")+len("--no-install-recommends "):], " &&")
				for _, p := range strings.Fields(list) {
					if p != "ca-certificates" && !regexp.MustCompile(`[" ]`+regexp.QuoteMeta(p)+`[" ]`).Match(setup) {
						t.Errorf("package %s isn't one of .ci/setup's", p)
					}
				}
			case in.name == "RUN" && strings.HasPrefix(in.rest, "go build"):
				made = words[slices.Index(words, "-o")+1]
				if words[len(words)-1] != "./cmd/serve" {
					t.Errorf("builds %s", in.rest)
				}
			case in.name == "COPY" && i == 0 && words[0] != ".":
				for _, f := range words[:len(words)-1] {
					if _, err := os.Stat(filepath.Join("..", "..", f)); err != nil {
						t.Error(err)
					}
				}
			case in.name == "COPY" && i == 1 && (words[0] != "--from=build" || words[1] != made):
				t.Errorf("copies %s, %s was made", in.rest, made)
			case in.name == "ENV":
				for _, w := range words {
					k, v, _ := strings.Cut(w, "=")
					env[k] = v
				}
			}
		}
	}
	var entry, args []string
	if err := errors.Join(json.Unmarshal([]byte(last["ENTRYPOINT"]), &entry), json.Unmarshal([]byte(last["CMD"]), &args)); err != nil {
		t.Fatal(err)
	}
	f, err := parse(args)
	if err != nil || len(entry) != 1 || !strings.HasSuffix(last["COPY"], " "+entry[0]) {
		t.Errorf("starts %v %v: %v", entry, args, err)
	} else if last["EXPOSE"] != strings.TrimPrefix(f.HTTP, ":")+" "+strings.TrimPrefix(f.GRPC, ":") {
		t.Errorf("exposes %s", last["EXPOSE"])
	}
	if !slices.Contains(strings.Split(env["NVIDIA_DRIVER_CAPABILITIES"], ","), "graphics") || last["USER"] == "" || strings.HasPrefix(last["USER"], "0") || strings.HasPrefix(last["USER"], "root") {
		t.Errorf("environment %v, user %q", slices.Collect(maps.Keys(env)), last["USER"])
	}
}
