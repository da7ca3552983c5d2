package io.statebridge.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.statebridge.api.ContainerId;
import io.statebridge.proto.cri.v1.Container;
import io.statebridge.proto.cri.v1.ContainerEventResponse;
import io.statebridge.proto.cri.v1.ContainerEventType;
import io.statebridge.proto.cri.v1.ContainerState;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What crictl's commands find, on our socket and on containerd's. */
final class CrictlIT {
  private final RealContainerd containerd = new RealContainerd(true);
  private final StatebridgeProcess statebridge = new StatebridgeProcess(containerd.socket());

  @RegisterExtension private final Together together = new Together(containerd, statebridge);

  @Test
  void everyCommandFindsWhatItNeedsAlsoWhileContainerdIsAway() {
    CriPods pods = containerd.pods();
    CriPods.Pod pod = pods.run("crictl");
    ContainerId running = pods.runUntilTold(pod, "running");
    ContainerId ended = pods.runUntilTold(pod, "ended");
    pods.tell("ended", 7);
    Crictl ours = new Crictl(statebridge.channel());
    Crictl theirs = new Crictl(pods.channel());
    for (Crictl crictl : List.of(theirs, ours)) {
      await().until(() -> state(crictl, ended) == ContainerState.CONTAINER_EXITED);
    }

    assertThat(ours.version()).isEqualTo(theirs.version());
    assertThat(ours.info().getStatus()).isEqualTo(theirs.info().getStatus());
    assertThat(names(ours.ps())).isEqualTo(names(theirs.ps()));
    assertThat(ours.pods()).hasSameSizeAs(theirs.pods());
    assertThat(ours.stats()).hasSameSizeAs(theirs.stats());
    assertThat(ours.listImages()).hasSameElementsAs(theirs.listImages());
    assertThat(ours.inspecti(ImageArchive.BUSYBOX))
        .isEqualTo(theirs.inspecti(ImageArchive.BUSYBOX));
    assertThat(ours.statsp()).extracting(s -> s.getAttributes().getId()).containsExactly(pod.id());
    everyReadOfRecords(ours, pod, running, ended);

    containerd.stop();
    await().until(() -> !statebridge.status().getSync().getInSync());
    everyReadOfRecords(ours, pod, running, ended);
    containerd.start();
  }

  private static void everyReadOfRecords(
      Crictl crictl, CriPods.Pod pod, ContainerId running, ContainerId ended) {
    assertThat(crictl.version().getRuntimeName()).isEqualTo("containerd");
    assertThat(crictl.info().getInfoMap()).containsKey("statebridge");
    assertThat(crictl.ps()).hasSize(2);
    assertThat(crictl.pods()).hasSize(1);
    assertThat(crictl.inspect(running.id()).getStatus().getStartedAt()).isPositive();
    assertThat(crictl.inspect(ended.id().substring(0, 13)).getStatus().getExitCode()).isEqualTo(7);
    assertThat(crictl.inspectp(pod.id()).getStatus().getMetadata().getName()).isEqualTo("crictl");
    crictl.imagefsinfo();
  }

  private static ContainerState state(Crictl crictl, ContainerId id) {
    return crictl.inspect(id.id()).getStatus().getState();
  }

  private static List<String> names(List<Container> containers) {
    return containers.stream()
        .map(c -> c.getMetadata().getName() + " " + c.getState() + " " + c.getImageRef())
        .sorted()
        .toList();
  }

  @Test
  void eventsTellTheLifeOfAContainer() throws Exception {
    CriPods pods = containerd.pods();
    Iterator<ContainerEventResponse> events = new Crictl(statebridge.channel()).events();
    CompletableFuture<List<ContainerEventType>> life = new CompletableFuture<>();
    Thread.ofVirtual()
        .start(
            () -> {
              List<ContainerEventType> types = new ArrayList<>();
              while (!types.contains(ContainerEventType.CONTAINER_DELETED_EVENT)) {
                ContainerEventResponse event = events.next();
                if (event.getContainersStatusesList().stream()
                    .anyMatch(s -> s.getId().equals(event.getContainerId()))) {
                  types.add(event.getContainerEventType());
                }
              }
              life.complete(types);
            });
    await().until(() -> statebridge.status().getWatchers() == 1);

    CriPods.Pod pod = pods.run("events");
    pods.runUntilTold(pod, "ended");
    pods.tell("ended", 3);
    await().until(() -> new Crictl(statebridge.channel()).ps().size() == 1);
    pods.remove(pod);

    assertThat(life.get(20, TimeUnit.SECONDS))
        .containsExactly(
            ContainerEventType.CONTAINER_CREATED_EVENT,
            ContainerEventType.CONTAINER_STARTED_EVENT,
            ContainerEventType.CONTAINER_STOPPED_EVENT,
            ContainerEventType.CONTAINER_DELETED_EVENT);
  }
}
