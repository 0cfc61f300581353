//go:build ignore

// Command generate writes the package's Go files. It hands the descriptor to the generators of protobuf and gRPC themselves, as
// protoc does, so that no compiler is needed.
package main

import (
	"bytes"
	"fmt"
	"log"
	"os"
	"os/exec"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/pluginpb"
)

const (
	descriptor = "grpc_predict_v2.binpb"
	protobuf   = "google.golang.org/protobuf/cmd/protoc-gen-go@v1.36.12"
	grpc       = "google.golang.org/grpc/cmd/protoc-gen-go-grpc@v1.6.2"
)

func main() {
	log.SetFlags(0)
	data, err := os.ReadFile(descriptor)
	if err != nil {
		log.Fatal(err)
	}
	file := &descriptorpb.FileDescriptorProto{}
	if err := proto.Unmarshal(data, file); err != nil {
		log.Fatalf("%s: %v", descriptor, err)
	}
	extend(file)
	for _, plugin := range []string{protobuf, grpc} {
		if err := generate(plugin, file); err != nil {
			log.Fatalf("%s: %v", plugin, err)
		}
	}
}

// extend adds the extensions of Triton's that the server speaks.
func extend(file *descriptorpb.FileDescriptorProto) {
	const prefix = ".inference."
	str, boolean, message := descriptorpb.FieldDescriptorProto_TYPE_STRING, descriptorpb.FieldDescriptorProto_TYPE_BOOL, descriptorpb.FieldDescriptorProto_TYPE_MESSAGE
	field := func(name string, number int32, kind descriptorpb.FieldDescriptorProto_Type) *descriptorpb.FieldDescriptorProto {
		return &descriptorpb.FieldDescriptorProto{Name: proto.String(name), Number: proto.Int32(number), Type: &kind,
			Label: descriptorpb.FieldDescriptorProto_LABEL_OPTIONAL.Enum()}
	}
	for _, m := range file.MessageType {
		switch m.GetName() {
		case "RepositoryModelLoadRequest", "RepositoryModelUnloadRequest":
			m.Field = append(m.Field, field("triton_model_name", 2, str))
		}
	}
	models := field("models", 1, message)
	models.Label = descriptorpb.FieldDescriptorProto_LABEL_REPEATED.Enum()
	models.TypeName = proto.String(prefix + "RepositoryIndexResponse.ModelIndex")
	file.MessageType = append(file.MessageType,
		&descriptorpb.DescriptorProto{Name: proto.String("RepositoryIndexRequest"), Field: []*descriptorpb.FieldDescriptorProto{
			field("repository_name", 1, str), field("ready", 2, boolean),
		}},
		&descriptorpb.DescriptorProto{Name: proto.String("RepositoryIndexResponse"), Field: []*descriptorpb.FieldDescriptorProto{models},
			NestedType: []*descriptorpb.DescriptorProto{{Name: proto.String("ModelIndex"), Field: []*descriptorpb.FieldDescriptorProto{
				field("name", 1, str), field("version", 2, str), field("state", 3, str), field("reason", 4, str),
			}}}})
	file.Service[0].Method = append(file.Service[0].Method, &descriptorpb.MethodDescriptorProto{Name: proto.String("RepositoryIndex"),
		InputType: proto.String(prefix + "RepositoryIndexRequest"), OutputType: proto.String(prefix + "RepositoryIndexResponse")})
}

// generate runs a generator and writes its files.
func generate(plugin string, file *descriptorpb.FileDescriptorProto) error {
	in, err := proto.Marshal(&pluginpb.CodeGeneratorRequest{
		FileToGenerate: []string{file.GetName()}, ProtoFile: []*descriptorpb.FileDescriptorProto{file},
		Parameter: proto.String("paths=source_relative,M" + file.GetName() + "=inceptiongl/cmd/serve/internal/oip"),
	})
	if err != nil {
		return err
	}
	cmd := exec.Command("go", "run", plugin)
	cmd.Stdin, cmd.Stderr = bytes.NewReader(in), os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return err
	}
	made := &pluginpb.CodeGeneratorResponse{}
	if err := proto.Unmarshal(out, made); err != nil {
		return err
	}
	if made.Error != nil {
		return fmt.Errorf("%s", made.GetError())
	}
	for _, f := range made.File {
		if err := os.WriteFile(f.GetName(), []byte(f.GetContent()), 0o644); err != nil {
			return err
		}
	}
	return nil
}
