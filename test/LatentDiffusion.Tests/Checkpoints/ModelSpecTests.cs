using System.Globalization;
using LatentDiffusion.Tests.Pipelines;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Checkpoints;

/// <summary>What the headers of model files say.</summary>
public sealed class ModelSpecTests(TinyModel model) : IClassFixture<TinyModel>, IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_specification_is_read_back()
    {
        ModelSpec spec = new()
        {
            Architecture = "stable-diffusion-v1/lora", Implementation = "diffusers", Title = "Fur", Description = "fur",
            Author = "somebody",
            License = "MIT", TriggerPhrase = "furry", Date = "2026-11-30", Resolution = "512x512", PredictionType = "epsilon",
        };
        string path = _folder["a.safetensors"];
        using Tensor values = arange(6, ScalarType.Float32);
        SafetensorsWriter.Write(
            path, [("a", values)], new Dictionary<string, string>(spec.ToMetadata()) { ["modelspec.hash_sha256"] = "" });
        Assert.Equal(spec with { Hash = $"0x{ModelHash.Tensors(path)}" }, ModelSpec.Read(path));
        Assert.Equal("1.0.0", spec.ToMetadata()["modelspec.sai_model_spec"]);

        SafetensorsWriter.Write(path, [("a", values)]);
        Assert.Null(ModelSpec.Read(path));
        Assert.Throws<FileNotFoundException>(() => ModelSpec.Read(_folder["none"]));
    }

    [Fact]
    public void LoRA_files_contain_a_specification()
    {
        string path = _folder["fur.safetensors"], today = DateTime.UtcNow.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
        using ModelComponents components = DiffusersFolder.Read(model.Folder);
        using (LoraTraining training = new(new Dictionary<string, nn.Module> { ["unet"] = (nn.Module)components["unet"]! }))
        {
            training.Save(path, layout: LoraLayout.Kohya, specification: new ModelSpec { Author = "somebody", Resolution = "16x16" });
            ModelSpec spec = ModelSpec.Read(path)!;
            Assert.Equal(
                new ModelSpec
                {
                    Architecture = "stable-diffusion-v1/lora", Implementation = "diffusers", Title = "fur", Author = "somebody",
                    Date = spec.Date, Resolution = "16x16", Hash = $"0x{ModelHash.Tensors(path)}",
                },
                spec);
            Assert.InRange(spec.Date!, today, DateTime.UtcNow.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture));
            training.Save(path);
        }

        Assert.Equal("stable-diffusion-v1/lora", ModelSpec.Read(path)!.Architecture);
        using DiffusionPipeline pipeline = model.Builder().UseLora(path).Build();
        Assert.NotEmpty(pipeline.Model!.Loras);
    }

    [Fact]
    public void Model_folders_contain_a_specification()
    {
        string path = Path.Combine(model.Folder, "unet", "diffusion_pytorch_model.safetensors");
        ModelSpec spec = ModelSpec.Read(path)!;
        Assert.Equal(
            ("stable-diffusion-v1", "diffusers", "16x16", "epsilon", $"0x{ModelHash.Tensors(path)}"),
            (spec.Architecture, spec.Implementation, spec.Resolution, spec.PredictionType, spec.Hash));
        Assert.Null(ModelSpec.Read(Path.Combine(model.Folder, "vae", "diffusion_pytorch_model.safetensors")));
    }
}
