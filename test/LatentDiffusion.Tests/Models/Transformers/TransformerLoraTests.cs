using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Families;

/// <summary>LoRA files of the transformer families by published names, and by original ones that have several modules as one.</summary>
public sealed class TransformerLoraTests : IDisposable
{
    private const int Width = 32, Rank = 2;

    private readonly TemporaryFolder _folder = new();
    private readonly DisposeScope _scope = NewDisposeScope();
    private Tensor? _down;

    [Theory]
    [InlineData("flux", "transformer.transformer_blocks.1.attn.to_q", "transformer_blocks.1.attn.to_q")]
    [InlineData("flux", "lora_transformer_single_transformer_blocks_2_attn_to_k", "single_transformer_blocks.2.attn.to_k")]
    [InlineData("flux", "lora_unet_double_blocks_1_img_attn_proj", "transformer_blocks.1.attn.to_out.0")]
    [InlineData("flux", "double_blocks.0.txt_attn.proj", "transformer_blocks.0.attn.to_add_out")]
    [InlineData("flux2", "diffusion_model.double_blocks.1.img_attn.proj", "transformer_blocks.1.attn.to_out.0")]
    [InlineData("flux2", "transformer.transformer_blocks.0.attn.add_k_proj", "transformer_blocks.0.attn.add_k_proj")]
    [InlineData("chroma", "lora_unet_double_blocks_1_txt_attn_proj", "transformer_blocks.1.attn.to_add_out")]
    [InlineData("z-image", "diffusion_model.layers.2.attention.to_q", "layers.2.attention.to_q")]
    [InlineData("z-image", "lora_unet_noise_refiner_1_attention_out", "noise_refiner.1.attention.to_out.0")]
    public void Modules_have_the_published_names(string model, string module, string parameter)
    {
        Write(module, rows: Width);
        using LoraFile file = Open(model);
        Assert.Equal($"{parameter}.weight", Assert.Single(file.Patches).Parameter);
    }

    [Theory]
    [InlineData("flux", "lora_unet_double_blocks_1_img_attn_qkv", "transformer_blocks.1.attn.", "to_q", "to_k", "to_v")]
    [InlineData("flux2", "double_blocks.0.txt_attn.qkv", "transformer_blocks.0.attn.", "add_q_proj", "add_k_proj", "add_v_proj")]
    [InlineData("z-image", "diffusion_model.layers.1.attention.qkv", "layers.1.attention.", "to_q", "to_k", "to_v")]
    [InlineData(
        "flux", "lora_unet_single_blocks_2_linear1", "single_transformer_blocks.2.", "attn.to_q", "attn.to_k", "attn.to_v", "proj_mlp")]
    public void Joined_modules_are_patched_row_by_row(string model, string module, string prefix, params string[] parts)
    {
        using nn.Module network = TinyTransformers.Transformer(model, META);
        Dictionary<string, Tensor> parameters = network.state_dict();
        long[] rows = [.. parts.Select(part => parameters[$"{prefix}{part}.weight"].shape[0])];
        Tensor up = Write(module, rows.Sum());
        using LoraFile file = Open(model);
        Assert.Equal(parts.Length, file.Patches.Count);
        long start = 0;
        foreach ((string part, long count) in parts.Zip(rows))
        {
            LoraPatch patch = file.Patches.Single(p => p.Parameter == $"{prefix}{part}.weight");
            Tensor expected = up.narrow(0, start, count).matmul(_down!) * patch.LowRank.Scale;
            Assert.True(expected.allclose(LoraFile.Delta(patch, zeros(count, Width))));
            start += count;
        }
    }

    [Fact]
    public void Modules_whose_rows_change_places_are_refused()
    {
        Write("diffusion_model.final_layer.adaLN_modulation.1", rows: 2 * Width);
        Assert.Contains(
            "final_layer",
            Assert.Throws<CheckpointException>(() => Open("flux")).Message,
            StringComparison.Ordinal);
    }

    public void Dispose()
    {
        _scope.Dispose();
        _folder.Dispose();
    }

    private Tensor Write(string module, long rows)
    {
        Tensor up = randn(rows, Rank);
        _down = randn(Rank, Width);
        SafetensorsWriter.Write(_folder["lora.safetensors"], new Dictionary<string, Tensor>
        {
            [$"{module}.lora_down.weight"] = _down, [$"{module}.lora_up.weight"] = up,
        });
        return up;
    }

    private LoraFile Open(string model)
    {
        using ModelComponents components = TinyTransformers.Create(model);
        using nn.Module network = TinyTransformers.Transformer(model, META);
        return LoraFile.Open(
            _folder["lora.safetensors"], LoraTarget.Create(components.Family.Lora(ComponentNames.Transformer), network.state_dict()));
    }
}
