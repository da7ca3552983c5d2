package io.statebridge.daemon.sync;

import static org.assertj.core.api.Assertions.assertThat;

import io.statebridge.daemon.sync.DeletePolicy.Setting;
import java.util.Map;
import org.junit.jupiter.api.Test;

class DeletePolicyTest {

  private final DeletePolicy auto = new DeletePolicy(Setting.AUTO, Map.of());

  @Test
  void autoDeletesInK8sOnceItIsKnownThatNoCriPluginDoes() {
    boolean beforeItIsKnown = auto.deletes("k8s.io");
    auto.criPluginLoaded(false);

    assertThat(beforeItIsKnown).isFalse();
    assertThat(auto.deletes("k8s.io")).isTrue();
  }

  @Test
  void autoLeavesK8sToTheCriPlugin() {
    auto.criPluginLoaded(true);

    assertThat(auto.deletes("k8s.io")).isFalse();
  }

  @Test
  void autoNeverDeletesInAnotherClientsNamespace() {
    auto.criPluginLoaded(false);

    for (String namespace : new String[] {"moby", "buildkit", "default", "bars"}) {
      assertThat(auto.deletes(namespace)).isFalse();
    }
  }

  @Test
  void whatIsConfiguredForANamespaceWinsOverTheRest() {
    DeletePolicy policy =
        new DeletePolicy(Setting.ALWAYS, Map.of("looks", Setting.NEVER, "moby", Setting.ALWAYS));

    assertThat(policy.deletes("looks")).isFalse();
    assertThat(policy.deletes("moby")).isTrue();
    assertThat(policy.deletes("others")).isTrue();
  }

  @Test
  void namespacesThatAreNamedAreTheOnlyOnesFollowed() {
    DeletePolicy named = new DeletePolicy(Setting.AUTO, Map.of("bars", Setting.AUTO));

    assertThat(named.follows("bars")).isTrue();
    assertThat(named.follows("looks")).isFalse();
    assertThat(auto.follows("looks")).isTrue();
  }

  @Test
  void decisionSaysWhy() {
    auto.criPluginLoaded(true);
    auto.deletes("k8s.io");

    assertThat(auto.decisions().get("k8s.io"))
        .isEqualTo(
            new DeletePolicy.Decision(
                "k8s.io", Setting.AUTO, false, "containerd's CRI plugin deletes them"));
  }
}
