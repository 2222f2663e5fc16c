using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Checkpoints;

/// <summary>Names of published adapter files, on a small model of Stable Diffusion.</summary>
public sealed class AdapterNameTests : IDisposable
{
    private const string Ldm = "input_blocks.1.1.transformer_blocks.0", Ours = "down_blocks.0.attentions.0.transformer_blocks.0";

    private readonly TemporaryFolder _folder = new();
    private readonly DisposeScope _scope = NewDisposeScope();

    public void Dispose()
    {
        _scope.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData("lycoris_down_blocks_0_attentions_0_transformer_blocks_0_attn1_to_q.diff", $"unet {Ours}.attn1.to_q.weight")]
    [InlineData($"diffusion_model.{Ldm}.attn1.to_q.diff", $"unet {Ours}.attn1.to_q.weight")]
    [InlineData($"diffusion_model.{Ldm}.attn1.to_out.0.diff_b", $"unet {Ours}.attn1.to_out.0.bias")]
    [InlineData($"base_model.model.unet.{Ours}.attn1.to_q.diff", $"unet {Ours}.attn1.to_q.weight")]
    [InlineData($"diffusion_model.{Ldm}.norm1.w_norm", $"unet {Ours}.norm1.weight")]
    [InlineData("lora_unet_input_blocks_1_0_in_layers_0.b_norm", "unet down_blocks.0.resnets.0.norm1.bias")]
    [InlineData("lora_unet_input_blocks_1_0_out_layers_0.w_norm", "unet down_blocks.0.resnets.0.norm2.weight")]
    [InlineData("lora_unet_out_0.w_norm", "unet conv_norm_out.weight")]
    [InlineData("lora_unet_conv_norm_out.b_norm", "unet conv_norm_out.bias")]
    [InlineData("lora_te_text_model_encoder_layers_0_layer_norm1.w_norm", "text_encoder text_model.encoder.layers.0.layer_norm1.weight")]
    [InlineData(
        "text_encoders.clip_l.transformer.text_model.encoder.layers.0.self_attn.q_proj.diff",
        "text_encoder text_model.encoder.layers.0.self_attn.q_proj.weight")]
    [InlineData("oft_unet_down_blocks_0_resnets_0_conv1.diff", "unet down_blocks.0.resnets.0.conv1.weight")]
    public void Names_mean_the_published_parameter(string name, string parameter)
    {
        string[] expected = parameter.Split(' ');
        using ModelComponents model = TinyModels.Make("sd1");
        nn.Module network = expected[0] == "unet" ? model.UNet : model.TextEncoder!;
        Dictionary<string, Tensor> weights = network.state_dict();
        using LoraFile file = Open(model, (name, ones(weights[expected[1]].shape)));
        LoraPatch patch = Assert.Single(file.Patches);
        Assert.Equal((expected[0], expected[1]), (patch.Component, patch.Parameter));
    }

    /// <summary>
    /// The names, ranks and strengths of LCM-LoRA and SDXL-Lightning: kohya's, the former with the blocks of diffusers and α 8 at rank
    /// 64, the latter with those of the original U-Net, convolutions among them.
    /// </summary>
    [Theory]
    [InlineData("lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn1_to_q", $"{Ours}.attn1.to_q", 8)]
    [InlineData("lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_ff_net_0_proj", $"{Ours}.ff.net.0.proj", 8)]
    [InlineData("lora_unet_down_blocks_0_attentions_0_proj_in", "down_blocks.0.attentions.0.proj_in", 8)]
    [InlineData("lora_unet_down_blocks_0_resnets_0_conv1", "down_blocks.0.resnets.0.conv1", 8)]
    [InlineData("lora_unet_down_blocks_0_resnets_0_time_emb_proj", "down_blocks.0.resnets.0.time_emb_proj", 8)]
    [InlineData("lora_unet_time_embedding_linear_1", "time_embedding.linear_1", 8)]
    [InlineData("lora_unet_input_blocks_1_1_transformer_blocks_0_attn2_to_out_0", $"{Ours}.attn2.to_out.0", 64)]
    [InlineData("lora_unet_input_blocks_1_1_proj_out", "down_blocks.0.attentions.0.proj_out", 64)]
    [InlineData("lora_unet_input_blocks_1_0_emb_layers_1", "down_blocks.0.resnets.0.time_emb_proj", 64)]
    [InlineData("lora_unet_input_blocks_1_0_out_layers_3", "down_blocks.0.resnets.0.conv2", 64)]
    [InlineData("lora_unet_input_blocks_0_0", "conv_in", 64)]
    [InlineData("lora_unet_out_2", "conv_out", 64)]
    public void Few_step_files_are_found(string module, string layer, float alpha)
    {
        using ModelComponents model = TinyModels.Make("sd1");
        long[] shape = model.UNet.state_dict()[$"{layer}.weight"].shape;
        Tensor up = randn([shape[0], 64, .. shape[2..].Select(_ => 1L)]).half(), down = randn([64, .. shape[1..]]).half();
        using LoraFile file = Open(
            model, ($"{module}.lora_up.weight", up), ($"{module}.lora_down.weight", down), ($"{module}.alpha", tensor(alpha)));
        LoraPatch patch = Assert.Single(file.Patches);
        Assert.Equal($"{layer}.weight", patch.Parameter);
        Assert.Equal((64, alpha / 64), (patch.LowRank.Rank, patch.LowRank.Scale));
        Tensor expected = up.to(ScalarType.Float64).flatten(1).matmul(down.to(ScalarType.Float64).flatten(1)) * (alpha / 64);
        Assert.True(expected.reshape(shape).allclose(LoraFile.Delta(patch, zeros(shape)).to(ScalarType.Float64), 1e-4, 1e-4));
    }

    private LoraFile Open(ModelComponents model, params (string, Tensor)[] tensors)
    {
        SafetensorsWriter.Write(_folder["a.safetensors"], tensors);
        return LoraFile.Open(
            _folder["a.safetensors"],
            LoraTarget.Create(model.Family.Lora(ComponentNames.UNet), model.UNet.state_dict()),
            LoraTarget.Create(model.Family.Lora(ComponentNames.TextEncoder), model.TextEncoder!.state_dict()));
    }
}
