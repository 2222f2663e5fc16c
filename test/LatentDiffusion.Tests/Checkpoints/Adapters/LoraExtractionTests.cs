using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Checkpoints;

/// <summary>LoRA files that are extracted from two models, and models with merged adapters.</summary>
public sealed class LoraExtractionTests : IDisposable
{
    private const string Query = "down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q", Kernel = "down_blocks.0.resnets.0.conv1";
    private const string Text = "text_model.encoder.layers.0.self_attn.q_proj";

    private readonly TemporaryFolder _folder = new();
    private readonly DisposeScope _scope = NewDisposeScope();

    public void Dispose()
    {
        _scope.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData(LoraLayout.Peft, "unet.down_blocks.0.resnets.0.conv1.lora_A.weight")]
    [InlineData(LoraLayout.Kohya, "lora_unet_down_blocks_0_resnets_0_conv1.lora_down.weight")]
    public void An_extracted_file_turns_one_model_into_the_other(LoraLayout layout, string name)
    {
        using ModelComponents original = Read(), tuned = Read();
        AddTo(tuned.UNet, Query, 2);
        AddTo(tuned.UNet, Kernel, 1);
        AddTo(tuned.TextEncoder!, Text, 2);
        using (no_grad()) tuned.UNet.state_dict()["conv_norm_out.bias"].add_(ones(1));
        using (no_grad()) tuned.TextEncoder!.state_dict()["text_model.embeddings.token_embedding.weight"].add_(ones(1));
        (IReadOnlyList<string> layers, IReadOnlyList<string> omitted) =
            LoraExtraction.Extract(original, tuned, _folder["lora.safetensors"], rank: 2, layout);
        Assert.Equal(new[] { $"text_encoder.{Text}", $"unet.{Query}", $"unet.{Kernel}" }, layers.Order());
        Assert.Equal(["text_encoder.text_model.embeddings.token_embedding.weight", "unet.conv_norm_out.bias"], omitted.Order());

        Dictionary<string, Tensor> before = original.UNet.state_dict(), after = tuned.UNet.state_dict();
        using LoraFile file = Open(original);
        Assert.NotNull(Source(name));
        Assert.Equal(3, file.Patches.Count);
        foreach (LoraPatch patch in file.Patches.Where(p => p.Component == ComponentNames.UNet))
        {
            Tensor weight = before[patch.Parameter].detach();
            Assert.Equal(1, patch.LowRank.Scale, 1e-12);
            Assert.True((weight + LoraFile.Delta(patch, weight)).allclose(after[patch.Parameter].detach(), 1e-4, 1e-4));
        }
    }

    [Fact]
    public void What_a_rank_leaves_out_has_the_norm_of_the_further_singular_values()
    {
        using ModelComponents original = Read(), tuned = Read();
        Tensor difference = randn(original.UNet.state_dict()[$"{Query}.weight"].shape);
        using (no_grad()) tuned.UNet.state_dict()[$"{Query}.weight"].add_(difference);
        LoraExtraction.Extract(original, tuned, _folder["lora.safetensors"], rank: 5);
        using LoraFile file = Open(original);
        Tensor left = difference - LoraFile.Delta(Assert.Single(file.Patches), difference);
        double[] values = [.. linalg.svdvals(difference.to(ScalarType.Float64)).data<double>()];
        Assert.Equal(Math.Sqrt(values.Skip(5).Sum(v => v * v)), left.square().sum().sqrt().item<float>(), 1e-3);
    }

    [Fact]
    public void Models_that_do_not_fit_are_refused()
    {
        using ModelComponents one = Read(), same = Read(), other = TinyModels.Make("xl");
        string path = _folder["lora.safetensors"];
        Assert.Contains(
            "do not differ", Assert.Throws<ArgumentException>(() => LoraExtraction.Extract(one, same, path, 1)).Message,
            StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => LoraExtraction.Extract(one, other, path, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => LoraExtraction.Extract(one, same, path, 0));
        Assert.False(File.Exists(path));
    }

    [Fact]
    public void A_saved_model_has_the_adapters_merged()
    {
        Read().Dispose();
        string layer = "lora_unet_" + Query.Replace('.', '_');
        Tensor difference = randn(32, 32), bias = randn(32);
        SafetensorsWriter.Write(_folder["full.safetensors"], new Dictionary<string, Tensor>
        {
            [$"{layer}.diff"] = difference, ["lora_unet_down_blocks_0_resnets_0_conv1.diff_b"] = bias,
        });
        using (DiffusionModel model = DiffusionModel.Open(_folder["model"], CPU))
        {
            model.SetLoras((_folder["full.safetensors"], 0.5));
            model.Save(_folder["merged"]);
        }

        using DiffusionModel plain = DiffusionModel.Open(_folder["model"], CPU), merged = DiffusionModel.Open(_folder["merged"], CPU);
        Dictionary<string, Tensor> before = plain.Components!.UNet.state_dict(), after = merged.Components!.UNet.state_dict();
        foreach ((string name, Tensor weight) in before)
        {
            Tensor expected = weight.detach();
            if (name == $"{Query}.weight") expected += difference * 0.5;
            if (name == "down_blocks.0.resnets.0.conv1.bias") expected += bias * 0.5;
            Assert.True(expected.allclose(after[name].detach(), 1e-6, 1e-6), name);
        }
    }

    /// <summary>The same model at every call.</summary>
    private ModelComponents Read()
    {
        if (!Directory.Exists(_folder["model"]))
            using (ModelComponents made = TinyModels.Make("sd1")) DiffusersFolder.Write(made, _folder["model"]);
        return DiffusersFolder.Read(_folder["model"], new CheckpointOptions());
    }

    private static void AddTo(nn.Module network, string layer, long rank)
    {
        using IDisposable noGradient = no_grad();
        Tensor weight = network.state_dict()[$"{layer}.weight"];
        long columns = weight.NumberOfElements / weight.shape[0];
        weight.add_(randn(weight.shape[0], rank).matmul(randn(rank, columns)).reshape(weight.shape));
    }

    private TensorEntry? Source(string name)
    {
        using SafetensorsFile file = SafetensorsFile.Open(_folder["lora.safetensors"]);
        return file.Find(name);
    }

    private LoraFile Open(ModelComponents model) => LoraFile.Open(
        _folder["lora.safetensors"],
        LoraTarget.Create(model.Family.Lora(ComponentNames.UNet), model.UNet.state_dict()),
        LoraTarget.Create(model.Family.Lora(ComponentNames.TextEncoder), model.TextEncoder!.state_dict()));
}
