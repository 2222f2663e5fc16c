using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Models;

/// <summary>LoRA files of Stable Diffusion 3 by published names, and by original ones that have queries, keys and values as one.</summary>
public sealed class SD3LoraTests : IDisposable
{
    private const int Width = 64, Rank = 2;

    private readonly TemporaryFolder _folder = new();
    private readonly DisposeScope _scope = NewDisposeScope();

    [Theory]
    [InlineData("transformer.transformer_blocks.1.attn.to_q.lora_{0}.weight", "A", "B")]
    [InlineData("transformer_blocks.1.attn.to_q.lora_{0}.weight", "A", "B")]
    public void Published_names_are_those_of_the_network(string name, string down, string up)
    {
        Write(string.Format(name, down), string.Format(name, up), rows: Width);
        using LoraFile file = Open("sd3.5-medium");
        Assert.Equal("transformer_blocks.1.attn.to_q.weight", Assert.Single(file.Patches).Parameter);
    }

    [Theory]
    [InlineData("lora_unet_joint_blocks_1_x_block_attn_qkv", "attn.to_q", "attn.to_k", "attn.to_v")]
    [InlineData("lora_unet_joint_blocks_1_context_block_attn_qkv", "attn.add_q_proj", "attn.add_k_proj", "attn.add_v_proj")]
    [InlineData("diffusion_model.joint_blocks.1.x_block.attn2.qkv", "attn2.to_q", "attn2.to_k", "attn2.to_v")]
    public void Joined_projections_are_patched_row_by_row(string module, params string[] parts)
    {
        Tensor up = Write($"{module}.lora_down.weight", $"{module}.lora_up.weight", rows: 3 * Width, alpha: $"{module}.alpha");
        using LoraFile file = Open("sd3.5-medium");
        Assert.Equal(
            parts.Select(part => $"transformer_blocks.1.{part}.weight").Order(), file.Patches.Select(patch => patch.Parameter).Order());
        for (int i = 0; i < parts.Length; i++)
        {
            LoraPatch patch = file.Patches.Single(p => p.Parameter == $"transformer_blocks.1.{parts[i]}.weight");
            Assert.Equal(0.5, patch.LowRank.Scale);
            Tensor expected = up.narrow(0, i * Width, Width).matmul(_down!) * 0.5;
            Assert.True(expected.allclose(LoraFile.Delta(patch, zeros(Width, Width))));
        }
    }

    [Theory]
    [InlineData("joint_blocks.2.x_block.attn.proj", "transformer_blocks.2.attn.to_out.0")]
    [InlineData("joint_blocks.0.context_block.attn.proj", "transformer_blocks.0.attn.to_add_out")]
    [InlineData("joint_blocks.0.x_block.attn2.proj", "transformer_blocks.0.attn2.to_out.0")]
    public void Original_names_are_renamed(string original, string ours)
    {
        Write($"diffusion_model.{original}.lora_A.weight", $"diffusion_model.{original}.lora_B.weight", rows: Width);
        using LoraFile file = Open("sd3.5-medium");
        Assert.Equal($"{ours}.weight", Assert.Single(file.Patches).Parameter);
    }

    [Fact]
    public void Rows_of_another_number_are_refused()
    {
        const string Module = "lora_unet_joint_blocks_1_x_block_attn_qkv";
        Write($"{Module}.lora_down.weight", $"{Module}.lora_up.weight", rows: 2 * Width);
        var error = Assert.Throws<CheckpointException>(() => Open("sd3.5-medium"));
        Assert.Equal(3, error.Misshaped.Count);
    }

    public void Dispose()
    {
        _scope.Dispose();
        _folder.Dispose();
    }

    private Tensor? _down;

    private Tensor Write(string down, string up, long rows, string? alpha = null)
    {
        (Tensor upValue, Tensor downValue) = (randn(rows, Rank), randn(Rank, Width));
        _down = downValue;
        (string, Tensor)[] strength = alpha is null ? [] : [(alpha, tensor(1f))];
        SafetensorsWriter.Write(_folder["lora.safetensors"], [(down, downValue), (up, upValue), .. strength]);
        return upValue;
    }

    private LoraFile Open(string model)
    {
        using SD3Transformer2DModel network = TinySD3.Transformer(model).BuildUninitialized(META);
        var target = LoraTarget.Create(ModelFamilies.StableDiffusion3.Lora(ComponentNames.Transformer), network.state_dict());
        return LoraFile.Open(_folder["lora.safetensors"], target);
    }
}
