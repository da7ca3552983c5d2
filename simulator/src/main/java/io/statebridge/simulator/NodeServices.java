package io.statebridge.simulator;

import com.google.protobuf.Empty;
import io.grpc.BindableService;
import io.grpc.stub.StreamObserver;
import io.statebridge.proto.containerd.introspection.v1.InitError;
import io.statebridge.proto.containerd.introspection.v1.IntrospectionGrpc;
import io.statebridge.proto.containerd.introspection.v1.Plugin;
import io.statebridge.proto.containerd.introspection.v1.PluginsRequest;
import io.statebridge.proto.containerd.introspection.v1.PluginsResponse;
import io.statebridge.proto.containerd.namespaces.v1.CreateNamespaceRequest;
import io.statebridge.proto.containerd.namespaces.v1.CreateNamespaceResponse;
import io.statebridge.proto.containerd.namespaces.v1.ListNamespacesRequest;
import io.statebridge.proto.containerd.namespaces.v1.ListNamespacesResponse;
import io.statebridge.proto.containerd.namespaces.v1.Namespace;
import io.statebridge.proto.containerd.namespaces.v1.NamespacesGrpc;
import io.statebridge.proto.containerd.version.v1.VersionGrpc;
import io.statebridge.proto.containerd.version.v1.VersionResponse;
import java.util.List;
import java.util.function.BooleanSupplier;

/** containerd's small services: what it is and which namespaces there are. */
final class NodeServices {

  private NodeServices() {}

  static List<BindableService> of(
      Calls calls, Node node, String version, BooleanSupplier criPluginLoaded) {
    return List.of(
        version(calls, version), introspection(calls, criPluginLoaded), namespaces(calls, node));
  }

  private static BindableService version(Calls calls, String version) {
    return new VersionGrpc.VersionImplBase() {
      @Override
      public void version(Empty request, StreamObserver<VersionResponse> observer) {
        calls.answer(
            "Version/Version",
            observer,
            () ->
                VersionResponse.newBuilder().setVersion(version).setRevision("simulator").build());
      }
    };
  }

  private static BindableService introspection(Calls calls, BooleanSupplier criPluginLoaded) {
    return new IntrospectionGrpc.IntrospectionImplBase() {
      @Override
      public void plugins(PluginsRequest request, StreamObserver<PluginsResponse> observer) {
        calls.answer("Introspection/Plugins", observer, () -> listing(criPluginLoaded));
      }
    };
  }

  private static PluginsResponse listing(BooleanSupplier criPluginLoaded) {
    PluginsResponse.Builder response = PluginsResponse.newBuilder();
    response.addPlugins(plugin("io.containerd.runtime.v2", "task"));
    response.addPlugins(plugin("io.containerd.grpc.v1", "tasks"));
    response.addPlugins(exporting("io.containerd.content.v1", "content", "/root/content"));
    response.addPlugins(plugin("io.containerd.snapshotter.v1", "native"));
    response.addPlugins(
        exporting("io.containerd.snapshotter.v1", "overlayfs", SimulatedContainerd.SNAPSHOTS));
    response.addPlugins(
        plugin("io.containerd.snapshotter.v1", "zfs").toBuilder()
            .setInitErr(InitError.newBuilder().setMessage("skip plugin")));
    if (criPluginLoaded.getAsBoolean()) {
      response.addPlugins(plugin("io.containerd.grpc.v1", "cri"));
    }
    return response.build();
  }

  private static Plugin plugin(String type, String id) {
    return Plugin.newBuilder().setType(type).setId(id).build();
  }

  private static Plugin exporting(String type, String id, String root) {
    return plugin(type, id).toBuilder().putExports("root", root).build();
  }

  private static BindableService namespaces(Calls calls, Node node) {
    return new NamespacesGrpc.NamespacesImplBase() {
      @Override
      public void list(
          ListNamespacesRequest request, StreamObserver<ListNamespacesResponse> observer) {
        calls.answer(
            "Namespaces/List",
            observer,
            () -> {
              ListNamespacesResponse.Builder response = ListNamespacesResponse.newBuilder();
              node.namespaces()
                  .forEach(name -> response.addNamespaces(Namespace.newBuilder().setName(name)));
              return response.build();
            });
      }

      @Override
      public void create(
          CreateNamespaceRequest request, StreamObserver<CreateNamespaceResponse> observer) {
        calls.answer(
            "Namespaces/Create",
            observer,
            () -> {
              node.createNamespace(request.getNamespace().getName());
              return CreateNamespaceResponse.newBuilder()
                  .setNamespace(request.getNamespace())
                  .build();
            });
      }
    };
  }
}
