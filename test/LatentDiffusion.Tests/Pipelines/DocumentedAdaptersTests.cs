using System.Text.RegularExpressions;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Pipelines;

/// <summary>The examples of adapters on the page of tasks: short, and with the files that they name they do what the page says.</summary>
public sealed partial class DocumentedAdaptersTests(FamilyFolders models) : IClassFixture<FamilyFolders>, IDisposable
{
    private const string Query = "unet.down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void LoRAs_in_prompts()
    {
        string[] texts = Example("LoRAs in prompts", nameof(LoraBuilderExtensions.UsePromptLoras));
        Directory.CreateDirectory(_folder[texts[1]]);
        Write(_folder[$"{texts[1]}/watercolour.safetensors"]);
        using DiffusionPipeline pipeline = new DiffusionPipelineBuilder()
            .UseModelFolder(models["sd1"])
            .UsePromptLoras(_folder[texts[1]])
            .Build();
        GenerationRequest request = new() { Prompt = texts[2], Steps = 1, Seed = 1, Width = 16, Height = 16 };
        byte[] plain = pipeline.Generate(request with { Prompt = texts[2].Split('<')[0] }).Images[0].Image.Rgb.ToArray();
        Assert.NotEqual(plain, pipeline.Generate(request).Images[0].Image.Rgb.ToArray());
    }

    [Fact]
    public void Merging()
    {
        string[] texts = Example("Merging", nameof(DiffusionModel.Save));
        Write(_folder[texts[1]]);
        using (DiffusionModel model = DiffusionModel.Open(models["sd1"]))
        {
            model.SetLoras((_folder[texts[1]], 0.8));
            model.Save(_folder[texts[2]]);
        }

        using DiffusionModel plain = DiffusionModel.Open(models["sd1"]), merged = DiffusionModel.Open(_folder[texts[2]]);
        string name = $"{Query["unet.".Length..]}.weight";
        using Tensor change = merged.Components!.UNet.state_dict()[name] - plain.Components!.UNet.state_dict()[name];
        Assert.Equal(0.8 * 2 * 0.5, change.mean().item<float>(), 1e-4);
    }

    [Fact]
    public void Extracting()
    {
        string[] texts = Example("Extracting", nameof(LoraExtraction.Extract));
        Write(_folder["lora.safetensors"]);
        using DiffusionModel original = DiffusionModel.Open(models["sd1"]), tuned = DiffusionModel.Open(models["sd1"]);
        tuned.SetLoras((_folder["lora.safetensors"], 1));
        (IReadOnlyList<string> layers, _) = LoraExtraction.Extract(
            original.Components!, tuned.Components!, _folder[texts[2]], rank: 32, LoraLayout.Kohya);
        Assert.Equal([Query], layers);
        original.SetLoras((_folder[texts[2]], 1));
        string name = $"{Query["unet.".Length..]}.weight";
        Assert.True(original.Components!.UNet.state_dict()[name].allclose(tuned.Components!.UNet.state_dict()[name], 1e-4, 1e-4));
    }

    /// <summary>The texts in the example below a heading, which calls a method and has at most six lines.</summary>
    private static string[] Example(string heading, string method)
    {
        string page = File.ReadAllText(Path.Combine(BuildSettings.Get("RepositoryRoot"), "docs", "tasks.md")).ReplaceLineEndings("\n");
        string code = Code().Match(page, page.IndexOf($"### {heading}\n", StringComparison.Ordinal)).Groups[1].Value;
        Assert.Contains($"{method}(", code, StringComparison.Ordinal);
        Assert.InRange(Statements(code), 1, 6);
        return [.. Text().Matches(code).Select(match => match.Groups[1].Value)];
    }

    /// <summary>How many lines an example has, without its using directives.</summary>
    private static int Statements(string code) => code.Split('\n').Count(line => line.Length > 0 && !line.StartsWith("using Latent"));

    /// <summary>A file that adds 1 to every value of a weight.</summary>
    private static void Write(string path)
    {
        using Tensor down = ones(2, 32), up = full([32, 2], 0.5);
        SafetensorsWriter.Write(path, new Dictionary<string, Tensor>
        {
            [$"{Query}.lora_A.weight"] = down, [$"{Query}.lora_B.weight"] = up,
        });
    }

    [GeneratedRegex("```csharp\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Code();

    [GeneratedRegex("\"([^\"]*)\"")]
    private static partial Regex Text();
}
