using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Pipelines;

/// <summary>Adapters that prompts name.</summary>
public sealed class PromptLoraTests : IClassFixture<FamilyFolders>, IDisposable
{
    private const string Query = "down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q";
    private const string TextQuery = "text_model.encoder.layers.0.self_attn.q_proj";

    private static readonly GenerationRequest s_request = new() { Prompt = "ab a", Seed = 3, Steps = 2, Width = 16, Height = 16 };

    private readonly FamilyFolders _models;
    private readonly TemporaryFolder _folder = new();
    private readonly string _loras;

    public PromptLoraTests(FamilyFolders models)
    {
        _models = models;
        _loras = _folder["loras"];
        Directory.CreateDirectory(Path.Combine(_loras, "styles"));
        Write(Path.Combine(_loras, "one.safetensors"), ($"unet.{Query}", 32), ($"text_encoder.{TextQuery}", 64));
        Write(Path.Combine(_loras, "styles", "two v1.5.safetensors"), ($"unet.{Query}", 32));
        Write(_folder["outside.safetensors"], ($"unet.{Query}", 32));
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_prompt_applies_what_it_names_and_nothing_stays()
    {
        string one = Path.Combine(_loras, "one.safetensors"), two = Path.Combine(_loras, "styles", "two v1.5.safetensors");
        byte[] plain = Draw(Folder(), "ab a"), withOne = Draw(Folder().UseLora(one, 0.8), "ab a");
        byte[] withBoth = Draw(Folder().UseLora(one).UseLora(two, -0.5), "ab a");
        Assert.NotEqual(plain, withOne);
        Assert.NotEqual(withOne, withBoth);
        using DiffusionPipeline pipeline = Folder().UsePromptLoras(_loras).Build();
        Assert.Equal(plain, Draw(pipeline, "ab a"));
        Assert.Equal(withOne, Draw(pipeline, "ab a<lora:one:0.8>"));
        Assert.Empty(pipeline.Model!.Loras);
        Assert.Equal(withBoth, Draw(pipeline, "<lora:one>ab a<lora:two v1.5:-0.5>"));
        Assert.Equal(plain, Draw(pipeline, "ab a"));

        // In addition to those of the model, which stay.
        using DiffusionPipeline further = Folder().UseLora(one).UsePromptLoras(_loras).Build();
        Assert.Equal(withBoth, Draw(further, "ab a<lora:two v1.5:-0.5>"));
        Assert.Equal([(one, 1.0)], further.Model!.Loras);
    }

    [Fact]
    public void Without_the_option_it_is_text()
    {
        byte[] plain = Draw(Folder(), "ab a<lora:one:0.8>");
        Assert.NotEqual(plain, Draw(Folder().UsePromptLoras(_loras), "ab a<lora:one:0.8>"));
    }

    [Theory]
    [InlineData("<lora:three>", "'three'")]
    [InlineData("<lora:../outside>", "'../outside'")]
    [InlineData("<lora:styles/two v1.5>", "'styles/two v1.5'")]
    [InlineData("<lora:one.safetensors>", "'one.safetensors'")]
    [InlineData("<lora:>", "'<lora:>'")]
    [InlineData("<lora:one:much>", "'<lora:one:much>'")]
    [InlineData("<lora:one:1:2>", "'<lora:one:1:2>'")]
    [InlineData("<lora:one:NaN>", "'<lora:one:NaN>'")]
    public void What_cannot_be_found_is_refused_before_anything_is_computed(string tag, string named)
    {
        using DiffusionPipeline pipeline = Folder().UsePromptLoras(_loras).Build();
        foreach (GenerationRequest request in new[] { s_request with { Prompt = tag }, s_request with { NegativePrompt = tag } })
        {
            var exception = Assert.Throws<ArgumentException>(() => pipeline.Generate(request));
            Assert.Contains(named, exception.Message, StringComparison.Ordinal);
            Assert.Equal("Prompt", exception.ParamName);
        }
    }

    [Fact]
    public void Links_and_files_of_one_name_are_not_followed()
    {
        if (!OperatingSystem.IsWindows()) File.CreateSymbolicLink(Path.Combine(_loras, "link.safetensors"), _folder["outside.safetensors"]);
        File.Copy(Path.Combine(_loras, "one.safetensors"), Path.Combine(_loras, "styles", "one.safetensors"));
        using DiffusionPipeline pipeline = Folder().UsePromptLoras(_loras).Build();
        Assert.Throws<ArgumentException>(() => pipeline.Generate(s_request with { Prompt = "<lora:link>" }));
        Assert.Contains(
            "2 files", Assert.Throws<ArgumentException>(() => pipeline.Generate(s_request with { Prompt = "<lora:one>" })).Message,
            StringComparison.Ordinal);
        Assert.Throws<DirectoryNotFoundException>(() => Folder().UsePromptLoras(_folder["nowhere"]).Build());
    }

    [Fact]
    public async Task Concurrent_generations_each_have_their_own()
    {
        using DiffusionPipeline pipeline = Folder().UsePromptLoras(_loras).Build();
        string[] prompts = ["ab a", "ab a<lora:one:0.8>", "ab a<lora:two v1.5>"];
        byte[][] expected = [.. prompts.Select(prompt => Draw(pipeline, prompt))];
        Task<GenerationResult>[] running =
            [.. Enumerable.Range(0, 9).Select(i => pipeline.GenerateAsync(s_request with { Prompt = prompts[i % 3] }))];
        GenerationResult[] results = await Task.WhenAll(running);
        for (int i = 0; i < results.Length; i++) Assert.Equal(expected[i % 3], results[i].Images[0].Image.Rgb.ToArray());
        Assert.Empty(pipeline.Model!.Loras);
    }

    private static byte[] Draw(DiffusionPipeline pipeline, string prompt) =>
        pipeline.Generate(s_request with { Prompt = prompt }).Images[0].Image.Rgb.ToArray();

    private static byte[] Draw(DiffusionPipelineBuilder builder, string prompt)
    {
        using DiffusionPipeline pipeline = builder.Build();
        return Draw(pipeline, prompt);
    }

    private static void Write(string path, params (string Module, int Width)[] modules)
    {
        using DisposeScope scope = NewDisposeScope();
        SafetensorsWriter.Write(path, modules.SelectMany(m => new[]
        {
            (m.Module + ".lora_A.weight", ones(2, m.Width) * (path.Contains("one", StringComparison.Ordinal) ? 0.7 : -1)),
            (m.Module + ".lora_B.weight", randn([m.Width, 2], generator: new Generator(7))),
        }));
    }

    private DiffusionPipelineBuilder Folder() => new DiffusionPipelineBuilder().UseModelFolder(_models["sd1"]);
}
