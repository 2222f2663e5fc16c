using LatentDiffusion.Tests.Checkpoints;
using LatentDiffusion.Tests.Families;
using LatentDiffusion.Tests.Models;
using LatentDiffusion.Tests.Pipelines;
using LatentDiffusion.Tests.Upscaling;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Samples;

/// <summary>The sample as a user starts it: every option gives the image that the library gives.</summary>
[Trait(TestCategories.Name, TestCategories.Program)]
public sealed partial class StableDiffusionTests : IClassFixture<FamilyFolders>, IClassFixture<TransformerFolders>, IDisposable
{
    private static readonly GenerationRequest s_request = new() { Prompt = "ab a", Seed = 5, Steps = 3, GuidanceScale = 4 };
    private static readonly string[] s_plain = ["ab a", "--seed", "5", "--steps", "3", "--guidance", "4"];

    private readonly FamilyFolders _families;
    private readonly TransformerFolders _transformers;
    private readonly TemporaryFolder _folder = new();

    public StableDiffusionTests(FamilyFolders families, TransformerFolders transformers)
    {
        (_families, _transformers) = (families, transformers);
        var codec = new SkiaImageCodec();
        File.WriteAllBytes(_folder["image.png"], codec.EncodePng(TaskImages.Image));
        File.WriteAllBytes(_folder["mask.png"], codec.EncodePng(TaskImages.Mask));
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
    [InlineData("--lora: the file 'nowhere.safetensors' does not exist", "--lora", "nowhere.safetensors:0.5")]
    [InlineData("--embedding: the file 'nowhere.pt' does not exist", "--embedding", "nowhere.pt:token")]
    [InlineData("File does not exist: 'nowhere.png'", "--image", "nowhere.png")]
    [InlineData("--strength needs --image", "--strength", "0.5")]
    [InlineData("--upscaler is 'nowhere.pth'; expected a file, or one of lanczos, nearest", "--upscaler", "nowhere.pth")]
    [InlineData("--hires-width and --hires-height must be given together", "--hires-width", "32")]
    [InlineData("--hires-strength needs --hires-width", "--hires-strength", "0.5")]
    [InlineData("FinalUpscale.Scale is 17; expected from 1 to 16", "--upscale-by", "17")]
    [InlineData("--mask needs --image", "--mask", "nowhere.png")]
    [InlineData("--mask-blur needs --mask or --repaint-transparent", "--mask-blur", "4")]
    [InlineData("--controlnet needs --control-image", "--controlnet", "nowhere")]
    [InlineData(
        "--control-scale is given 2 times; expected 1, or 1 as for --control-image",
        "--control-image", "a.png",
        "--control-scale", "1",
        "--control-scale", "2")]
    [InlineData("--t2i-adapter needs --adapter-image", "--t2i-adapter", "nowhere")]
    [InlineData("--adapter-factor needs --adapter-image", "--adapter-factor", "0.5")]
    [InlineData("--controlnet-union needs --control-mode", "--controlnet-union", "nowhere")]
    [InlineData("--control-mode needs --controlnet-union", "--control-mode", "1")]
    [InlineData("--image-guidance is 0.5; expected from 1 to 100", "--image-guidance", "0.5")]
    [InlineData("--refiner-start needs --refiner", "--refiner-start", "0.5")]
    [InlineData("--autoencoder is 'nowhere'; expected a folder with a config.json and weights, or a file", "--autoencoder", "nowhere")]
    [InlineData("--preview is 'nowhere'; expected a folder with a config.json and weights, or a file", "--preview", "nowhere")]
    [InlineData("--refiner is 'nowhere'; expected a model folder", "--refiner", "nowhere")]
    [InlineData("--tokenizer is for single files; --model is a folder", "--tokenizer", "nowhere")]
    [InlineData("--text-encoder needs --model to be a file", "--text-encoder", "nowhere.gguf")]
    [InlineData("--storage is 'packed'; expected one of expanded, as-stored", "--storage", "packed")]
    [InlineData(
        "--dtype is given; expected none together with --storage as-stored", "--storage", "as-stored", "--dtype", "bfloat16")]
    [InlineData("File does not exist: 'nowhere.png'", "--reference", "nowhere.png")]
    [InlineData(
        "--negative is given; expected none for Stable Diffusion at a guidance scale of 1", "--negative-prompt", "b", "--guidance", "1")]
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
        GenerationRequest request = s_request with { Prompt = "(ab:1.3) a", NegativePrompt = "b", ImageCount = 2, Width = 24, Height = 16 };
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

    [Theory]
    [InlineData("native")]
    [InlineData("a1111")]
    public void Settings_of_an_image(string format)
    {
        (int exitCode, _, string error) = Run(
            "ab a", "--model", _families["sd1"], "--seed", "5", "--steps", "3", "--guidance", "4", "--negative", "b", "--metadata", format,
            "--scheduler", "euler-karras", "--width", "24", "--out", _folder["first.png"]);
        Assert.True(exitCode == 0, error);
        bool isOwn = PngText.Read(File.ReadAllBytes(_folder["first.png"])).ContainsKey("prompt");
        Assert.Equal(format == "native", isOwn);
        GenerationRequest request = s_request with { NegativePrompt = "b", Width = 24 };
        GenerationRequest read = ImageSettings.Read(File.ReadAllBytes(_folder["first.png"])).Request;
        Assert.Equal(request, read with { SchedulerName = null, Height = null });
        string[] scheduler = isOwn ? ["--scheduler", "euler-karras"] : [];
        (exitCode, string output, error) = Run(
            ["--model", _families["sd1"], "--from-image", _folder["first.png"], "--seed", "6", "--out", _folder["out.png"], .. scheduler]);
        Assert.True(exitCode == 0, error);
        string program = isOwn ? "LatentDiffusion" : "Stable Diffusion web UI";
        Assert.Contains($"first.png: settings of {program}", output, StringComparison.Ordinal);
        GenerationResult expected = Draw(Folder("sd1").UseScheduler("euler-karras"), request with { Seed = 6 });
        Same(expected.Images[0], "out.png");
        Refused("Required argument missing: the prompt, or --from-image", ["--model", _families["sd1"]]);
    }

    [Fact]
    public void Settings_that_only_other_models_have_are_taken_too()
    {
        GenerationRequest request = s_request with { ImageGuidanceScale = 2.5, Width = 24, Height = 16 };
        byte[] png = new SkiaImageCodec().EncodePng(new ImageBuffer(1, 1, new byte[3]), GenerationMetadata.TextsOf(request));
        File.WriteAllBytes(_folder["edit.png"], png);
        Refused(
            "ImageGuidanceScale is 2.5; expected null",
            ["--model", _families["sd1"], "--from-image", _folder["edit.png"], "--out", _folder["out.png"]]);
    }

    [Fact]
    public void Larger_images_by_a_second_pass_and_an_upscaler()
    {
        using var files = new UpscalerFiles();
        string[] plain = [.. s_plain, "--model", _families["sd1"], "--width", "24", "--height", "16", "--out", _folder["out.png"]];
        GenerationRequest request = s_request with { Width = 24, Height = 16 };
        DiffusionPipelineBuilder builder = Folder("sd1").UsePromptWeighting().UseUpscaler(files.Rrdb());

        (int exitCode, _, string error) = Run([.. plain, "--upscaler", files.Rrdb()]);
        Assert.True(exitCode == 0, error);
        using DiffusionPipeline pipeline = builder.Build();
        Same(pipeline.Generate(request with { FinalUpscale = new ImageUpscaling() }).Images[0], "out.png");

        (exitCode, _, error) = Run(
        [
            .. plain, "--upscaler", files.Rrdb(), "--upscale-by", "1.5",
            "--hires-width", "36", "--hires-height", "24", "--hires-strength", "0.4",
        ]);
        Assert.True(exitCode == 0, error);
        GenerationRequest both = request with
        {
            Upscale = new LatentUpscaling { Width = 36, Height = 24, Strength = 0.4, Upscaler = "rrdb-x4" },
            FinalUpscale = new ImageUpscaling { Scale = 1.5, Upscaler = "rrdb-x4" },
        };
        GeneratedImage expected = pipeline.Generate(both).Images[0];
        Assert.Equal((54, 36), (expected.Image.Width, expected.Image.Height));
        Same(expected, "out.png");
    }

    [Fact]
    public void Learned_tokens_in_prompts()
    {
        using Tensor rows = randn(2, 64);
        string file = EmbeddingFiles.Diffusers(_folder["one.safetensors"], "<one>", rows);
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
            InitialImage = TaskImages.Image, Mask = TaskImages.Mask, Strength = 0.7,
            ControlImages = [TaskImages.Image, TaskImages.Mask],
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
    public void An_image_is_edited_with_image_guidance()
    {
        (int exitCode, _, string error) = Run([
            .. s_plain, "--model", _families["sd1-edit"], "--reference", _folder["image.png"], "--image-guidance", "2",
            "--out", _folder["out.png"]]);
        Assert.True(exitCode == 0, error);
        Same(
            Draw(Folder("sd1-edit"), s_request with { ReferenceImages = [TaskImages.Image], ImageGuidanceScale = 2 }).Images[0], "out.png");
    }

    [Fact]
    public void A_union_ControlNet_reads_images_of_two_types()
    {
        TinyControlNetUnions.Write(_folder["union"]);
        (int exitCode, _, string error) = Run([
            .. s_plain, "--model", _families["xl"], "--controlnet-union", _folder["union"], "--control-mode", "3", "--control-mode", "1",
            "--control-image", _folder["image.png"], "--control-image", _folder["mask.png"], "--control-scale", "0.5",
            "--width", $"{TaskImages.Width}", "--height", $"{TaskImages.Height}", "--out", _folder["out.png"]]);
        Assert.True(exitCode == 0, error);
        GenerationRequest request = s_request with
        {
            Width = TaskImages.Width, Height = TaskImages.Height, ControlImages = [TaskImages.Image, TaskImages.Mask],
            ControlWeights = [new() { Scale = 0.5 }, new() { Scale = 0.5 }],
        };
        Same(Draw(Folder("xl").UseControlNetUnion(_folder["union"], [3, 1]), request).Images[0], "out.png");
    }

    [Fact]
    public void T2I_adapters_control_with_their_scales()
    {
        TinyT2IAdapters.Write(_folder["first"], "sd1", 0);
        TinyT2IAdapters.Write(_folder["second"], "sd1", 1);
        (int exitCode, _, string error) = Run([
            .. s_plain, "--model", _families["sd1"], "--t2i-adapter", _folder["first"], "--t2i-adapter", _folder["second"],
            "--adapter-image", _folder["image.png"], "--adapter-image", _folder["mask.png"],
            "--adapter-scale", "0.5", "--adapter-scale", "1.5", "--adapter-factor", "0.5",
            "--width", $"{TaskImages.Width}", "--height", $"{TaskImages.Height}", "--out", _folder["out.png"]]);
        Assert.True(exitCode == 0, error);
        GenerationRequest request = s_request with
        {
            Width = TaskImages.Width, Height = TaskImages.Height, AdapterImages = [TaskImages.Image, TaskImages.Mask],
            AdapterWeights = [new() { Scale = 0.5, ConditioningFactor = 0.5 }, new() { Scale = 1.5, ConditioningFactor = 0.5 }],
        };
        Same(Draw(Folder("sd1").UseT2IAdapter(_folder["first"]).UseT2IAdapter(_folder["second"]), request).Images[0], "out.png");
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
                s_request with { InitialImage = TaskImages.Image, Mask = TaskImages.Mask }).Images[0],
            "out.png");
    }

    [Fact]
    public void Prompts_that_change_and_are_composed()
    {
        string[] common = ["--seed", "5", "--steps", "3", "--guidance", "4", "--model", _families["sd1"], "--out", _folder["out.png"]];
        (int exitCode, _, string error) = Run(["[ab:a:0.5] AND b :0.5", "--prompt-syntax", .. common]);
        Assert.True(exitCode == 0, error);
        GenerationRequest request = s_request with { Prompt = "[ab:a:0.5] AND b :0.5" };
        Same(Draw(Folder("sd1").UsePromptWeighting().UsePromptSyntax(), request).Images[0], "out.png");
    }

    [Fact]
    public void Only_the_area_of_a_mask_at_the_full_size()
    {
        (int exitCode, _, string error) = Run([
            .. s_plain, "--model", _families["sd1"], "--scheduler", "ddim", "--image", _folder["image.png"], "--mask", _folder["mask.png"],
            "--width", "32", "--height", "32", "--invert-mask", "--mask-growth", "-1", "--mask-blur", "1", "--mask-padding", "2",
            "--masked-content", "latent-noise", "--out", _folder["out.png"]]);
        Assert.True(exitCode == 0, error);
        GenerationRequest request = s_request with
        {
            InitialImage = TaskImages.Image, Mask = TaskImages.Mask, Width = 32, Height = 32,
            Inpainting = new()
            {
                InvertMask = true, MaskGrowth = -1, MaskBlur = 1, MaskPadding = 2, MaskedContent = MaskedContent.LatentNoise,
            },
        };
        Same(Draw(Folder("sd1").UseScheduler("ddim"), request).Images[0], "out.png");
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

    [Theory]
    [InlineData("flux", "FLUX.1: 28 steps, guidance scale 3.5, 32 x 32")]
    [InlineData("flux2", "FLUX.2: 50 steps, guidance scale 4, 32 x 32")]
    [InlineData("chroma", "Chroma: 35 steps, guidance scale 5, 32 x 32")]
    [InlineData("z-image", "Z-Image: 9 steps")]
    [InlineData("sd3", "Stable Diffusion 3: 28 steps, guidance scale 4.5, 32 x 32")]
    public void A_model_of_another_family_is_drawn_with_its_own_defaults(string family, string line)
    {
        (int exitCode, string output, string error) = Run(
            "a red star", "--model", _transformers[family], "--seed", "5", "--width", "32", "--height", "32",
            "--out", _folder["out.png"]);
        Assert.True(exitCode == 0, error);
        Assert.Contains(line, output, StringComparison.Ordinal);
        Assert.Empty(error);
        var request = new GenerationRequest { Prompt = "a red star", Seed = 5, Width = 32, Height = 32 };
        Same(Draw(new DiffusionPipelineBuilder().UseModelFolder(_transformers[family]), request).Images[0], "out.png");
    }

    [Fact]
    public void Reference_images_are_edited_with_weights_as_stored()
    {
        ImageBuffer[] references = [.. new[] { 1, 2 }.Select(k => TaskImages.Create(64, 64, (x, y) => ((byte)(x * k), (byte)(y * 3), 9)))];
        foreach ((ImageBuffer image, int k) in references.Select((image, k) => (image, k)))
            File.WriteAllBytes(_folder[$"reference{k}.png"], new SkiaImageCodec().EncodePng(image));
        string[] common =
        [
            "a red star", "--seed", "5", "--steps", "2", "--width", "32", "--height", "32", "--out", _folder["out.png"],
            "--reference", _folder["reference0.png"], _folder["reference1.png"],
        ];
        (int exitCode, _, string error) = Run([.. common, "--model", _transformers["flux2"], "--storage", "as-stored"]);
        Assert.True(exitCode == 0, error);
        var request = new GenerationRequest
        {
            Prompt = "a red star", Seed = 5, Steps = 2, Width = 32, Height = 32, ReferenceImages = references,
        };
        Same(
            Draw(
                new DiffusionPipelineBuilder().UseModelFolder(_transformers["flux2"]).UseWeightStorage(WeightStorage.AsStored),
                request).Images[0],
            "out.png");
        Refused("ReferenceImages is a list of 2; expected null, because FLUX.1 does not", [.. common, "--model", _transformers["flux"]]);
    }

    [Fact]
    public void A_family_that_reads_no_negative_prompt_or_clip_skip_refuses_it()
    {
        Refused("--negative is given; expected none for FLUX.1", ["a", "--model", _transformers["flux"], "--negative-prompt", "b"]);
        (int exitCode, _, string error) = Run("a", "--model", _transformers["z-image"], "--clip-skip", "2");
        Assert.Equal(1, exitCode);
        Assert.Contains("the one of Z-Image does not", error, StringComparison.Ordinal);
    }

    [Fact]
    public void Separate_files_are_one_model()
    {
        using var layouts = new LayoutFiles();
        ModelFiles files = layouts.WriteGguf("flux-schnell", "gguf", GgufType.Q8_0);
        string[] arguments =
        [
            "a red star ab", "--model", files.Transformer, "--text-encoder", .. files.TextEncoders, "--vae", files.Autoencoder!,
            "--tokenizer", files.Tokenizers[0], "--storage", "as-stored",
            "--seed", "3", "--steps", "2", "--width", "32", "--height", "32", "--out", _folder["out.png"],
        ];
        (int exitCode, string output, string error) = Run(arguments);
        Assert.True(exitCode == 0, error);
        Assert.Contains("FLUX.1: 2 steps, guidance scale 1, 32 x 32", output, StringComparison.Ordinal);
        var request = new GenerationRequest { Prompt = "a red star ab", Seed = 3, Steps = 2, Width = 32, Height = 32 };
        Same(
            Draw(new DiffusionPipelineBuilder().UseModelFiles(files).UseWeightStorage(WeightStorage.AsStored), request).Images[0],
            "out.png");
    }

    [Fact]
    public void Families_are_listed()
    {
        (int exitCode, string output, string error) = Run("--list-families");
        Assert.Equal((0, ""), (exitCode, error));
        foreach (ModelFamily family in ModelFamilies.All)
            Assert.Contains($"{family.Name}: {family.PipelineClasses[0]}", output, StringComparison.Ordinal);
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
        Assert.EndsWith("(--help lists all options.)", error.TrimEnd(), StringComparison.Ordinal);
        Assert.Single(error.TrimEnd().Split('\n'));
        Assert.Equal(2, exitCode);
    }

    private static (int ExitCode, string Output, string Error) Run(params string[] arguments) =>
        SampleProgram.Run("StableDiffusion", arguments);
}
