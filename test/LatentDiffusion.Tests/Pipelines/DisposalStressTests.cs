using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Pipelines;

/// <summary>
/// Disposal in every order while everything is called. Memory that is freed too early ends the test process.
/// </summary>
public sealed class DisposalStressTests(TinyModel model) : IClassFixture<TinyModel>
{
    [Fact]
    public Task Disposal_during_calls_ends_in_results_or_ObjectDisposedException() => Run(rounds: 12);

    [Fact]
    [Trait(TestCategories.Name, TestCategories.Long)]
    public Task Two_hundred_disposals_during_calls_end_as_documented() => Run(rounds: 200);

    private async Task Run(int rounds)
    {
        using var files = new TemporaryFolder();
        const string Layer = "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn1_to_q";
        using (Tensor up = ones(16, 2), down = ones(2, 16))
            SafetensorsWriter.Write(
                files["patch.safetensors"],
                [(Layer + ".lora_up.weight", up), (Layer + ".lora_down.weight", down)]);
        using (var control = new ControlNetModel(new ControlNetConfig
        {
            BlockOutChannels = [16, 32], NormNumGroups = 8, LayersPerBlock = 1, CrossAttentionDim = 16, AttentionHeadDim = 2,
            ConditioningEmbeddingOutChannels = [8, 16], DownBlockTypes = ["CrossAttnDownBlock2D", "DownBlock2D"],
        }))
        {
            DiffusersFolder.WriteNetwork(control, files["control"], ScalarType.Float32);
        }

        var stress = new DisposalStress(model.Folder, files["patch.safetensors"], files["control"]);
        for (int round = 0; round < rounds; round++) await stress.Round(round);
        Assert.Equal(4 * rounds, stress.Endings.Values.Sum());
        Assert.Superset(stress.Endings.Keys.ToHashSet(), new HashSet<string> { "success", nameof(ObjectDisposedException) });
        Assert.True(stress.Endings.ContainsKey(nameof(ObjectDisposedException)));
        TestContext.Current.TestOutputHelper?.WriteLine(string.Join(", ", stress.Endings));
    }
}
