package io.statebridge.daemon.cri;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.statebridge.proto.containerd.runc.v1.Options;
import io.statebridge.proto.cri.v1.IDMapping;
import io.statebridge.proto.cri.v1.LinuxContainerResources;
import io.statebridge.proto.cri.v1.Mount;
import io.statebridge.proto.cri.v1.MountPropagation;
import org.junit.jupiter.api.Test;

class GoJsonTest {

  private static Mount mount(String json) throws Exception {
    return GoJson.read(new ObjectMapper().readTree(json), Mount.newBuilder()).build();
  }

  @Test
  void everyKindOfFieldIsRead() throws Exception {
    assertThat(
            mount(
                """
                {"container_path": "/a", "readonly": true, "propagation": 2,
                 "uidMappings": [{"host_id": 7}, {"length": 9}], "image": {"image": "i"},
                 "mount_options": ["ro", "bind"]}
                """))
        .isEqualTo(
            Mount.newBuilder()
                .setContainerPath("/a")
                .setReadonly(true)
                .setPropagation(MountPropagation.PROPAGATION_BIDIRECTIONAL)
                .addUidMappings(IDMapping.newBuilder().setHostId(7))
                .addUidMappings(IDMapping.newBuilder().setLength(9))
                .setImage(io.statebridge.proto.cri.v1.ImageSpec.newBuilder().setImage("i").build())
                .addMountOptions("ro")
                .addMountOptions("bind")
                .build());
    assertThat(
            GoJson.read(
                    new ObjectMapper()
                        .readTree(
                            "{\"cpu_quota\": -1, \"memory_limit_in_bytes\": 9007199254740993,"
                                + " \"unified\": {\"memory.high\": \"5\"}}"),
                    LinuxContainerResources.newBuilder())
                .build())
        .isEqualTo(
            LinuxContainerResources.newBuilder()
                .setCpuQuota(-1)
                .setMemoryLimitInBytes(9_007_199_254_740_993L)
                .putUnified("memory.high", "5")
                .build());
  }

  @Test
  void whatIsOddStaysUnset() throws Exception {
    for (String odd :
        new String[] {
          "7",
          "[]",
          "null",
          "{\"container_path\": 7}",
          "{\"readonly\": \"true\"}",
          "{\"propagation\": 99}",
          "{\"propagation\": \"PROPAGATION_PRIVATE\"}",
          "{\"uidMappings\": {}}",
          "{\"uidMappings\": [7, null]}",
          "{\"image\": \"i\"}",
          "{\"mount_options\": [7]}",
          "{\"invented\": 7}",
        }) {
      assertThat(mount(odd)).as(odd).isEqualTo(Mount.getDefaultInstance());
    }
  }

  @Test
  void whatIsSetIsWrittenByItsName() {
    assertThat(
            GoJson.write(
                    Options.newBuilder()
                        .setSystemdCgroup(true)
                        .setIoUid(7)
                        .setBinaryName("crun")
                        .build())
                .toString())
        .isEqualTo("{\"io_uid\":7,\"binary_name\":\"crun\",\"systemd_cgroup\":true}");
  }
}
