using System.Diagnostics;
using LatentDiffusion.Tests.Checkpoints;
using LatentDiffusion.Tests.Pipelines;
using LatentDiffusion.Tests.Pipelines.Tasks;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Samples;

/// <summary>The sample as a user starts it: every option gives the image that the library gives.</summary>
[Trait(TestCategories.Name, TestCategories.Program)]
public sealed class StableDiffusionTests : IClassFixture<FamilyFolders>, IDisposable
{
    private static readonly GenerationRequest s_request = new() { Prompt = "ab a", Seed = 5, Steps = 3, GuidanceScale = 4 };
    private static readonly string[] s_plain = ["ab a", "--seed", "5", "--steps", "3", "--guidance", "4"];

    private readonly FamilyFolders _families;
    private readonly TemporaryFolder _folder = new();

    public StableDiffusionTests(FamilyFolders families)
    {
        _families = families;
        var codec = new SkiaImageCodec();
        File.WriteAllBytes(_folder["image.png"], codec.EncodePng(TaskPictures.Image));
        File.WriteAllBytes(_folder["mask.png"], codec.EncodePng(TaskPictures.Mask));
    }

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("--steps is 0; expected from 1 to 1000", "--steps", "0")]
    [InlineData("--steps is 'many'; expected a whole number", "--steps", "many")]
    [InlineData("--guidance is '1,5'; expected a number with a point", "--guidance", "1,5")]
    [InlineData("--eta is 2; expected from 0 to 1", "--eta", "2")]
    [InlineData("--timesteps has 'many'; expected numbers with commas between them", "--timesteps", "999,many")]
    [InlineData("--sigmas is given; expected none together with --timesteps", "--timesteps", "999", "--sigmas", "14.6")]
    [InlineData("Sigmas[1] is 20; expected less than 14.6", "--sigmas", "14.6,20")]
    [InlineData("--repaint-transparent needs --image", "--repaint-transparent")]
    [InlineData("--dtype is 'int8'; expected one of float32, bfloat16, float16", "--dtype", "int8")]
    [InlineData("--scheduler is 'nope'; expected one of ddpm, ddim", "--scheduler", "nope")]
    [InlineData("--lora: there is no file 'nowhere.safetensors'", "--lora", "nowhere.safetensors:0.5")]
    [InlineData("--embedding: there is no file 'nowhere.pt'", "--embedding", "nowhere.pt:token")]
    [InlineData("File does not exist: 'nowhere.png'", "--image", "nowhere.png")]
    [InlineData("--strength needs --image", "--strength", "0.5")]
    [InlineData("--mask needs --image", "--mask", "nowhere.png")]
    [InlineData("--controlnet needs --control-image", "--controlnet", "nowhere")]
    [InlineData(
        "--control-scale is given 2 times; expected once, or 1 times as --control-image",
        "--control-image", "a.png",
        "--control-scale", "1",
        "--control-scale", "2")]
    [InlineData("--refiner-start needs --refiner", "--refiner-start", "0.5")]
    [InlineData("--refiner is 'nowhere'; expected a model folder", "--refiner", "nowhere")]
    [InlineData("--tokenizer is for single files; --model is a folder", "--tokenizer", "nowhere")]
    [InlineData("Unrecognized command or argument '--frobnicate'", "--frobnicate")]
    [InlineData("Width is 25; expected a multiple of 2", "--width", "25")]
    [InlineData("ClipSkip is 99; the text tower has", "--clip-skip", "99")]
    public void Wrong_options_get_one_line_and_exit_code_2(string message, params string[] arguments) =>
        Refused(message, ["ab a", "--model", _families["sd1"], .. arguments, "--out", _folder["out.png"]]);

    [Fact]
    public void A_model_has_to_be_named_and_to_be_there()
    {
        Refused("Option '--model' is required", ["ab a"]);
        Refused("--model is 'nowhere'; expected a model folder, which has a model_index.json, or a file", ["ab a", "--model", "nowhere"]);
    }

    [Fact]
    public void Text_to_image_with_patches()
    {
        string one = Lora("one.safetensors", 1), two = Lora("two.safetensors", 2);
        (int exitCode, string output, string error) = Run(
            "(ab:1.3) a", "--model", _families["sd1"],
            "--negative", "b", "--seed", "5",
            "--steps", "3", "--guidance", "4",
            "--count", "2", "--width", "24", "--height", "16",
            "--scheduler", "euler", "--clip-skip", "2", "--lora", one + ":-0.5", "--lora", two, "--out", _folder["out.png"]);
        Assert.True(exitCode == 0, error);
        Assert.Contains($"{_folder["out.6.png"]} (seed 6)", output, StringComparison.Ordinal);
        Assert.Contains("denoising", output, StringComparison.Ordinal);
        GenerationRequest request = s_request with { Prompt = "(ab:1.3) a", NegativePrompt = "b", Count = 2, Width = 24, Height = 16 };
        GenerationResult expected = Draw(
            Folder("sd1")
                .UseScheduler("euler")
                .UsePromptWeighting(new PromptingOptions { ClipSkip = 2 })
                .UseLora(one, -0.5)
                .UseLora(two),
            request);
        Same(expected.Images[0], "out.5.png");
        Same(expected.Images[1], "out.6.png");
        GenerationResult plain = Draw(
            Folder("sd1").UseScheduler("euler").UsePromptWeighting(new PromptingOptions { ClipSkip = 2 }),
            request);
        Assert.NotEqual(expected.Images[0].Image.Rgb.ToArray(), plain.Images[0].Image.Rgb.ToArray());
    }

    [Fact]
    public void Learned_tokens_in_prompts()
    {
        using Tensor rows = randn(2, 64);
        string file = TextualInversions.EmbeddingFiles.Diffusers(_folder["one.safetensors"], "<one>", rows);
        (int exitCode, _, string error) = Run(
            "ab <one> other", "--model", _families["sd1"], "--seed", "5", "--steps", "3", "--guidance", "4",
            "--embedding", file, "--embedding", file + ":other", "--out", _folder["out.png"]);
        Assert.True(exitCode == 0, error);
        DiffusionPipelineBuilder builder = Folder("sd1").UsePromptWeighting().UseTextualInversion(file).UseTextualInversion(file, "other");
        Same(Draw(builder, s_request with { Prompt = "ab <one> other" }).Images[0], "out.png");
    }

    [Fact]
    public void An_image_is_repainted_within_a_mask_along_controls()
    {
        TinyControlNets.WriteModel(_folder["own"], "sd1", 1);
        TinyControlNets.Write(_folder["control"], "sd1", 1);
        (int exitCode, _, string error) = Run([
            .. s_plain, "--model", _folder["own"], "--scheduler", "ddim",
            "--image", _folder["image.png"], "--mask", _folder["mask.png"],
            "--strength", "0.7",
            "--controlnet", _folder["control"],
            "--control-image", _folder["image.png"],
            "--control-image", _folder["mask.png"],
            "--control-scale", "0.5", "--control-scale", "1.5",
            "--out", _folder["out.png"]]);
        Assert.True(exitCode == 0, error);
        GenerationRequest request = s_request with
        {
            InitialImage = TaskPictures.Image, Mask = TaskPictures.Mask, Strength = 0.7,
            ControlImages = [TaskPictures.Image, TaskPictures.Mask],
            ControlWeights = [new() { Scale = 0.5 }, new() { Scale = 1.5 }],
        };
        Same(
            Draw(
                new DiffusionPipelineBuilder().UseModelFolder(_folder["own"]).UseScheduler("ddim").UseControlNet(_folder["control"]),
                request).Images[0],
            "out.png");

        Refused("ControlImages is null; expected 1, one for each ControlNet", [.. s_plain, "--model", _folder["own"]]);
    }

    [Fact]
    public void Settings_of_the_sampler()
    {
        string[] common = ["ab a", "--seed", "5", "--guidance", "4", "--model", _families["sd1"], "--out", _folder["out.png"]];
        (int exitCode, _, string error) = Run([.. common, "--scheduler", "ddim", "--eta", "0.5", "--timesteps", "900,400.0,50"]);
        Assert.True(exitCode == 0, error);
        GenerationRequest request = s_request with { Steps = null, Timesteps = [900, 400, 50], Eta = 0.5 };
        Same(Draw(Folder("sd1").UseScheduler("ddim"), request).Images[0], "out.png");

        (exitCode, _, error) = Run([.. common, "--scheduler", "euler", "--sigmas", "14.6,2.9,0.5", "--churn", "1"]);
        Assert.True(exitCode == 0, error);
        request = s_request with { Steps = null, Sigmas = [14.6, 2.9, 0.5], Churn = new ChurnOptions(1) };
        Same(Draw(Folder("sd1").UseScheduler("euler"), request).Images[0], "out.png");
    }

    [Fact]
    public void A_model_for_inpainting_sees_the_mask()
    {
        (int exitCode, _, string error) = Run([
            .. s_plain, "--model", _families["sd1-inpaint"], "--scheduler", "ddim",
            "--image", _folder["image.png"],
            "--mask", _folder["mask.png"],
            "--out", _folder["out.png"]]);
        Assert.True(exitCode == 0, error);
        Same(
            Draw(
                Folder("sd1-inpaint").UseScheduler("ddim"),
                s_request with { InitialImage = TaskPictures.Image, Mask = TaskPictures.Mask }).Images[0],
            "out.png");
    }

    [Fact]
    public void A_single_file_in_another_type()
    {
        using (ModelComponents made = FamilyFolders.Make("sd1")) LdmWriter.Write(made, _folder["model.safetensors"]);
        string tokenizer = Path.Combine(_families["sd1"], "tokenizer");
        (int exitCode, _, string error) = Run([
            .. s_plain, "--model", _folder["model.safetensors"],
            "--tokenizer", tokenizer,
            "--dtype", "bfloat16",
            "--width", "24", "--height", "16",
            "--out", _folder["out.png"]]);
        Assert.True(exitCode == 0, error);
        GenerationRequest request = s_request with { Width = 24, Height = 16 };
        Same(
            Draw(
                new DiffusionPipelineBuilder().UseModelFile(_folder["model.safetensors"], tokenizer, precision: ScalarType.BFloat16),
                request).Images[0],
            "out.png");
        (exitCode, _, error) = Run([.. s_plain, "--model", _folder["model.safetensors"]]);
        Assert.Equal(1, exitCode);
        Assert.Contains("next to", error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_refiner_makes_the_last_steps()
    {
        (int exitCode, _, string error) = Run([
            .. s_plain, "--model", _families["xl"],
            "--refiner", _families["xl-refiner"], "--refiner-start", "0.5",
            "--width", "24", "--height", "16",
            "--out", _folder["out.png"]]);
        Assert.True(exitCode == 0, error);
        Same(Draw(Folder("xl").UseRefiner(_families["xl-refiner"], 0.5), s_request with { Width = 24, Height = 16 }).Images[0], "out.png");
        Assert.Equal("xl-refiner", PngText.Read(File.ReadAllBytes(_folder["out.png"]))["refiner"]);
    }

    private DiffusionPipelineBuilder Folder(string family) => new DiffusionPipelineBuilder().UseModelFolder(_families[family]);

    private static GenerationResult Draw(DiffusionPipelineBuilder builder, GenerationRequest request)
    {
        using DiffusionPipeline pipeline = builder.Build();
        return pipeline.Generate(request);
    }

    /// <summary>The same settings and the same image; another process may round the last bit differently.</summary>
    private void Same(GeneratedImage expected, string file)
    {
        byte[] png = File.ReadAllBytes(_folder[file]);
        ImageBuffer image = new SkiaImageCodec().Decode(png);
        Assert.Equal((expected.Image.Width, expected.Image.Height), (image.Width, image.Height));
        Assert.All(expected.Image.Rgb.ToArray().Zip(image.Rgb.ToArray()), p => Assert.InRange(p.First - p.Second, -1, 1));
        IReadOnlyDictionary<string, string> texts = PngText.Read(png);
        Assert.All(
            expected.Metadata.Where(m => !m.Key.EndsWith("_seconds", StringComparison.Ordinal)),
            m => Assert.Equal(m.Value, texts[m.Key]));
    }

    private string Lora(string name, ulong seed)
    {
        const string Query = "unet.down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q";
        using DisposeScope scope = NewDisposeScope();
        var generator = new Generator(seed);
        SafetensorsWriter.Write(
            _folder[name],
            [
                (Query + ".lora_A.weight", randn([2, 32], generator: generator)),
                (Query + ".lora_B.weight", randn([32, 2], generator: generator))
            ]);
        return _folder[name];
    }

    private static void Refused(string message, string[] arguments)
    {
        (int exitCode, _, string error) = Run(arguments);
        Assert.StartsWith(message, error, StringComparison.Ordinal);
        Assert.EndsWith("(--help tells all options.)", error.TrimEnd(), StringComparison.Ordinal);
        Assert.Single(error.TrimEnd().Split('\n'));
        Assert.Equal(2, exitCode);
    }

    private static (int ExitCode, string Output, string Error) Run(params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo("dotnet", [BuildSettings.Sample("StableDiffusion"), .. arguments])
        {
            RedirectStandardOutput = true, RedirectStandardError = true,
        })!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, error.Result);
    }
}
