using System.Diagnostics;
using LatentDiffusion.Tests.Diagnostics;
using LatentDiffusion.Tests.Pipelines;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Families;

/// <summary>
/// What pipelines can do works for every transformer family through the public builder, from a folder with its text encoders.
/// </summary>
public sealed class TransformerFeatureTests(TransformerFolders folders, FamilyFolders unets)
    : IClassFixture<TransformerFolders>, IClassFixture<FamilyFolders>, IDisposable
{
    private const int Size = 32;

    private const ulong Seed = 7;

    private static readonly GenerationRequest s_request =
        new() { Prompt = "a red star", Seed = Seed, Steps = 3, Width = Size, Height = Size };

    private static readonly ImageBuffer s_image =
        TaskImages.Create(Size, Size, (x, y) => ((byte)(x * 8), (byte)(y * 7), (byte)((x * y * 7 + 40) % 256)));

    /// <summary>The left half is repainted.</summary>
    private static readonly ImageBuffer s_mask =
        TaskImages.Create(Size, Size, (x, _) => x < Size / 2 ? ((byte)255, (byte)255, (byte)255) : default);

    private static readonly Dictionary<string, Action<TransformerFeatureTests, string>> s_features = new()
    {
        ["text to image"] = (tests, family) => tests.Text(family),
        ["image to image"] = (tests, family) => tests.ImageToImage(family),
        ["inpainting"] = (tests, family) => tests.Inpainting(family),
        ["two passes"] = (tests, family) => tests.Upscaling(family),
        ["lora"] = (tests, family) => tests.Lora(family),
        ["previews"] = (tests, family) => tests.Previews(family),
        ["offload"] = (tests, family) => tests.Offload(family),
        ["batches"] = (tests, family) => tests.Batches(family),
        ["telemetry"] = (tests, family) => tests.Telemetry(family),
        ["metadata"] = (tests, family) => tests.Metadata(family),
        ["embeddings"] = (tests, family) => tests.Embeddings(family),
        ["prompt syntax"] = (tests, family) => tests.PromptSyntax(family),
    };

    private static readonly Dictionary<string, (string Peft, string Kohya, string Original)> s_layers = new()
    {
        ["flux"] = ("transformer.transformer_blocks.1.attn.to_out.0", "lora_unet_double_blocks_1_img_attn_proj",
            "diffusion_model.double_blocks.1.img_attn.proj"),
        ["flux2"] = ("transformer.transformer_blocks.1.attn.to_out.0", "lora_unet_double_blocks_1_img_attn_proj",
            "diffusion_model.double_blocks.1.img_attn.proj"),
        ["chroma"] = ("transformer.transformer_blocks.1.attn.to_out.0", "lora_unet_double_blocks_1_img_attn_proj",
            "diffusion_model.double_blocks.1.img_attn.proj"),
        ["z-image"] = ("transformer.layers.1.attention.to_out.0", "lora_unet_layers_1_attention_out",
            "diffusion_model.layers.1.attention.out"),
        ["sd3"] = ("transformer.transformer_blocks.1.attn.to_out.0", "lora_unet_joint_blocks_1_x_block_attn_proj",
            "diffusion_model.joint_blocks.1.x_block.attn.proj"),
    };

    private static readonly Dictionary<string, Action<TransformerFeatureTests, DiffusionPipelineBuilder>> s_impossible = new()
    {
        ["ControlNet"] = (tests, builder) =>
        {
            TinyControlNets.Write(tests._folder["control"], "sd1", 1);
            builder.UseControlNet(tests._folder["control"]);
        },
        ["Step caching"] = (_, builder) => builder.UseStepCaching(),
        ["Perturbed-attention guidance"] = (_, builder) => builder.UseGuidance(new PerturbedAttentionGuidance()),
        ["Skip-layer guidance"] = (_, builder) => builder.UseGuidance(new SkipLayerGuidance()),
        ["refiner"] = (tests, builder) => builder.UseRefiner(tests._unets["xl-refiner"]),
        ["PromptWeighting"] = (_, builder) => builder.UsePromptWeighting(),
        ["textual inversion"] = (tests, builder) =>
        {
            using Tensor row = ones(1, 64);
            builder.UseTextualInversion(EmbeddingFiles.Diffusers(tests._folder["token.safetensors"], "<one>", row));
        },
    };

    private readonly FamilyFolders _unets = unets;
    private readonly TemporaryFolder _folder = new();

    public static IEnumerable<TheoryDataRow<string, string>> Features() =>
        from family in TransformerFolders.Names from feature in s_features.Keys select new TheoryDataRow<string, string>(family, feature);

    public static IEnumerable<TheoryDataRow<string, string>> Impossible() =>
        from family in TransformerFolders.Names
        from feature in s_impossible.Keys
        where (family, feature) != ("sd3", "Skip-layer guidance")
        select new TheoryDataRow<string, string>(family, feature);

    [Theory, MemberData(nameof(Features))]
    public void A_feature_works(string family, string feature) => s_features[feature](this, family);

    [Theory, MemberData(nameof(Impossible))]
    public void What_cannot_work_is_refused_when_the_pipeline_is_built(string family, string feature)
    {
        DiffusionPipelineBuilder builder = Builder(family);
        s_impossible[feature](this, builder);
        Exception? error = Record.Exception(() => builder.Build());
        Assert.True(error is NotSupportedException or InvalidOperationException, $"{error}");
        Assert.Contains(feature, error.Message, StringComparison.OrdinalIgnoreCase);
        using DiffusionModel model = DiffusionModel.Open(folders[family], CPU);
        Assert.Contains(model.Components!.Family.Name, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(
        "flux", "lora_te1_text_model_encoder_layers_1_self_attn_q_proj", 12,
        "text_encoder.text_model.encoder.layers.1.self_attn.q_proj")]
    [InlineData(
        "flux", "lora_te3_encoder_block_1_layer_0_SelfAttention_q", 20,
        "text_encoder_2.encoder.block.1.layer.0.SelfAttention.q")]
    [InlineData(
        "sd3", "lora_te2_text_model_encoder_layers_0_self_attn_v_proj", 64,
        "text_encoder_2.text_model.encoder.layers.0.self_attn.v_proj")]
    [InlineData(
        "sd3", "lora_te3_encoder_block_0_layer_0_SelfAttention_v", 128,
        "text_encoder_3.encoder.block.0.layer.0.SelfAttention.v")]
    public void Text_encoders_are_patched_too(string family, string kohya, long width, string peft)
    {
        byte[] plain = Draw(family);
        using DiffusionPipeline pipeline = Builder(family).Build();
        string component = peft.Split('.')[0];
        long rows = pipeline.Model!.Components!.Get<nn.Module>(component).state_dict()[$"{peft[(component.Length + 1)..]}.weight"].shape[0];
        pipeline.Model.SetLoras((WriteLora("kohya", kohya, "lora_down", "lora_up", width, rows), 1));
        byte[] patched = Draw(pipeline);
        Assert.NotEqual(plain, patched);
        pipeline.Model.SetLoras((WriteLora("peft", peft, "lora_A", "lora_B", width, rows), 1));
        Assert.Equal(patched, Draw(pipeline));
        pipeline.Model.SetLoras();
        Assert.Equal(plain, Draw(pipeline));
    }

    public void Dispose() => _folder.Dispose();

    private void Text(string family)
    {
        byte[] image = Draw(family), other = Draw(family, request: s_request with { Prompt = "ab ab" });
        Assert.Equal(image, Draw(family));
        Assert.NotEqual(image, other);
        Assert.NotEqual(image, Draw(family, request: s_request with { Seed = 8 }));
    }

    private void ImageToImage(string family)
    {
        using DisposeScope scope = NewDisposeScope();
        using DiffusionPipeline pipeline = Watched(family, out SeenLatents seen);
        pipeline.Generate(s_request with { Steps = 4, InitialImage = s_image, Strength = 0.5 });
        Assert.Equal(2, seen.Inputs.Count);
        using var noise = new GeneratorNoise(Seed);
        Tensor image = Encode(pipeline, noise), drawn = noise.NextLike(image);
        double sigma = seen.Inputs[0].Timestep / 1000;
        Assert.InRange(sigma, 0.3, 0.95);
        Close(image * (1 - sigma) + drawn * sigma, seen.Seen[0]);
    }

    private void Inpainting(string family)
    {
        using DisposeScope scope = NewDisposeScope();
        using DiffusionPipeline pipeline = Watched(family, out SeenLatents seen);
        ImageBuffer drawn = pipeline.Generate(s_request with { InitialImage = s_image, Mask = s_mask, Strength = 1 }).Images[0].Image;
        using var noise = new GeneratorNoise(Seed);
        Tensor image = Encode(pipeline, noise), last = seen.Seen[^1];
        long half = image.shape[3] / 2;
        Close(image.narrow(3, half, half), last.narrow(3, half, half));
        Assert.True((image - last).narrow(3, 0, half).abs().min().item<float>() > 0);
        Assert.NotEqual(s_image.Rgb.ToArray(), drawn.Rgb.ToArray());
        for (int y = 0; y < Size; y++)
        {
            int right = 3 * (y * Size + Size / 2);
            Assert.Equal(s_image.Rgb.Slice(right, 3 * Size / 2).ToArray(), drawn.Rgb.Slice(right, 3 * Size / 2).ToArray());
        }

        // Only the area around the mask, in a larger image.
        GenerationRequest larger = s_request with
        {
            InitialImage = s_image.Resize(50, 40), Mask = s_mask.Resize(50, 40), Strength = 0.7,
            Inpainting = new() { MaskPadding = 3, MaskBlur = 1, MaskedContent = MaskedContent.Fill },
        };
        ImageBuffer part = pipeline.Generate(larger).Images[0].Image;
        Assert.Equal((50, 40), (part.Width, part.Height));
        Assert.Equal(larger.InitialImage.Crop(29, 0, 21, 40).Rgb.ToArray(), part.Crop(29, 0, 21, 40).Rgb.ToArray());
        Assert.NotEqual(larger.InitialImage.Rgb.ToArray(), part.Rgb.ToArray());
    }

    private void PromptSyntax(string family)
    {
        using DiffusionPipeline plain = Builder(family).Build(), pipeline = Builder(family).UsePromptSyntax().Build();
        byte[] expected = Colours(plain, "a red star");
        string[] equal = ["a red star", "a [red|red] star", "[a red star::3]", "a red star# bird", "a red star :1 AND a bird :0"];
        foreach (string same in equal)
            Assert.Equal(expected, Colours(pipeline, same));
        Assert.Equal(Colours(plain, "a [red|blue] star"), Colours(pipeline, @"a \[red\|blue\] star"));
        // A star with a bird in the last step, by turns, and both.
        foreach (string other in new[] { "a red star[ and a bird:2]", "[a red star|a bird]", "a red star AND a bird :0.5" })
            Assert.NotEqual(expected, Colours(pipeline, other));
        Assert.Contains(
            "Prompt is with BREAK; expected none, for",
            Assert.Throws<ArgumentException>(() => Colours(pipeline, "a red star BREAK a bird")).Message, StringComparison.Ordinal);

        static byte[] Colours(DiffusionPipeline pipeline, string prompt) =>
            pipeline.Generate(s_request with { Prompt = prompt }).Images[0].Image.Rgb.ToArray();
    }

    private void Upscaling(string family)
    {
        using DiffusionPipeline pipeline = Builder(family).Build();
        ImageBuffer image = pipeline.Generate(
            s_request with { Upscale = new LatentUpscaling { Width = 2 * Size, Height = Size, Strength = 0.7 } }).Images[0].Image;
        Assert.Equal((2 * Size, Size), (image.Width, image.Height));
    }

    private void Lora(string family)
    {
        byte[] plain = Draw(family);
        (string peft, string kohya, string original) = s_layers[family];
        using DiffusionPipeline pipeline = Builder(family).UseLora(Write("peft", peft, "lora_A", "lora_B")).Build();
        byte[] patched = Draw(pipeline);
        Assert.NotEqual(plain, patched);
        Assert.Equal("""[{"name":"peft.safetensors","scale":1}]""", pipeline.Generate(s_request).Images[0].Metadata["loras"]);
        pipeline.Model!.SetLoras();
        Assert.Equal(plain, Draw(pipeline));
        foreach (string file in (string[])[Write("kohya", kohya, "lora_down", "lora_up"), Write("original", original, "lora_A", "lora_B")])
        {
            pipeline.Model.SetLoras((file, 1));
            Assert.Equal(patched, Draw(pipeline));
        }

        string Write(string name, string module, string down, string up)
        {
            long width = family == "sd3" ? 64 : 32;
            return WriteLora(name, module, down, up, width, width);
        }
    }

    private string WriteLora(string name, string module, string down, string up, long width, long rows)
    {
        using DisposeScope scope = NewDisposeScope();
        using var generator = new Generator(1);
        string path = _folder[$"{name}.safetensors"];
        SafetensorsWriter.Write(
            path,
            [
                ($"{module}.{down}.weight", randn([2, width], generator: generator)),
                ($"{module}.{up}.weight", randn([rows, 2], generator: generator)),
            ]);
        return path;
    }

    private void Previews(string family)
    {
        var preview = new RecordingPreview();
        using DiffusionPipeline pipeline = Watched(family, out SeenLatents seen, builder => builder.UsePreview(preview));
        Assert.Equal(3, Stream(pipeline).Count);
        // The last step of Euler's method goes to the estimate itself.
        Close(seen.Seen[^1], preview.Seen[^1]);

        using DiffusionPipeline plain = Builder(family).Build();
        List<ImageBuffer> fitted = Stream(plain);
        int side = Size / plain.Model!.Autoencoder.DownsamplingFactor;
        Assert.All(fitted, image => Assert.Equal((side, side), (image.Width, image.Height)));
        Assert.NotEqual(fitted[0].Rgb.ToArray(), fitted[^1].Rgb.ToArray());

        static List<ImageBuffer> Stream(DiffusionPipeline pipeline) =>
            [.. pipeline.GenerateStreamingAsync(s_request).ToBlockingEnumerable().SelectMany(update => update.Previews)];
    }

    private void Offload(string family)
    {
        byte[] plain = Draw(family);
        Assert.Equal(plain, Draw(family, builder => builder.UseOffload()));

        using DiffusionModel model = DiffusionModel.Open(folders[family], CPU);
        var parts = new OffloadedParts(model);
        using DiffusionPipeline pipeline = parts.Builder(NoiseScheduler.FromConfig(model.SchedulerConfig))
            .UseGuidance(model.Guidance ?? new ClassifierFreeGuidance()).Build();
        parts.Events.Clear();
        GenerationRequest request = s_request with { GuidanceScale = model.GuidanceScale };
        Assert.Equal(plain, pipeline.Generate(request).Images[0].Image.Rgb.ToArray());
        Assert.Equal(["text in", "text out", "denoiser in", "denoiser out", "autoencoder in", "autoencoder out"], parts.Moves);
        Assert.Empty(parts.Errors);
    }

    private void Batches(string family)
    {
        using DiffusionPipeline single = Builder(family).Build(), batched = Builder(family).Configure(o => o.BatchSize = 2).Build();
        GenerationRequest[] requests = [s_request, s_request with { Prompt = "ab", Seed = 9 }];
        foreach ((GenerationRequest request, GenerationResult together) in requests.Zip(batched.Generate(requests)))
        {
            byte[] alone = single.Generate(request).Images[0].Image.Rgb.ToArray();
            Assert.All(alone.Zip(together.Images[0].Image.Rgb.ToArray()), pair => Assert.InRange(pair.First - pair.Second, -1, 1));
        }
    }

    private void Telemetry(string family)
    {
        // Without an id, a model is called after its folder: tests that run beside this one draw with "flux2" too.
        string id = $"{family} with telemetry";
        using var recorder = new TelemetryRecorder(LatentDiffusionDiagnostics.ActivitySourceName, id);
        Draw(family, builder => builder.Configure(options => options.ModelId = id));
        Activity span = Assert.Single(recorder.Spans);
        Assert.Equal(3, span.GetTagItem("latent_diffusion.request.steps"));
        Assert.Equal([1], recorder.Values("latent_diffusion.image.count"));
    }

    private void Metadata(string family)
    {
        using DiffusionPipeline pipeline = Builder(family).Build();
        GeneratedImage image = pipeline.Generate(s_request with { NegativePrompt = "ab" }).Images[0];
        GenerationRequest read = GenerationMetadata.ReadRequest(image.ToPng());
        Assert.Equal(pipeline.Model!.GuidanceScale, read.GuidanceScale);
        Assert.Equal(image.Image.Rgb.ToArray(), pipeline.Generate(read).Images[0].Image.Rgb.ToArray());
        Assert.Equal(nameof(FlowMatchEulerScheduler), image.Metadata["scheduler"]);
    }

    private void Embeddings(string family)
    {
        using DiffusionPipeline pipeline = Builder(family).Build();
        using Conditioning text = pipeline.Encode([s_request.Prompt]), negative = pipeline.Encode([""]);
        Assert.Equal(Draw(pipeline), Draw(pipeline, s_request with { Prompt = "", PromptEmbeds = text, NegativePromptEmbeds = negative }));
    }

    private DiffusionPipelineBuilder Builder(string family) =>
        new DiffusionPipelineBuilder().UseModelFolder(folders[family]).UseDevice(CPU);

    private byte[] Draw(
        string family, Func<DiffusionPipelineBuilder, DiffusionPipelineBuilder>? change = null, GenerationRequest? request = null)
    {
        DiffusionPipelineBuilder builder = Builder(family);
        using DiffusionPipeline pipeline = (change?.Invoke(builder) ?? builder).Build();
        return Draw(pipeline, request);
    }

    private static byte[] Draw(DiffusionPipeline pipeline, GenerationRequest? request = null) =>
        pipeline.Generate(request ?? s_request).Images[0].Image.Rgb.ToArray();

    /// <summary>A pipeline whose latents are seen.</summary>
    private DiffusionPipeline Watched(
        string family, out SeenLatents seen, Func<DiffusionPipelineBuilder, DiffusionPipelineBuilder>? change = null)
    {
        DiffusionModel model = DiffusionModel.Open(folders[family], CPU);
        seen = new SeenLatents(NoiseScheduler.FromConfig(model.SchedulerConfig), model.Autoencoder);
        DiffusionPipelineBuilder builder = new DiffusionPipelineBuilder().UseModel(_ => model).UseScheduler(seen).UseAutoencoder(seen);
        return (change?.Invoke(builder) ?? builder).Build();
    }

    private static Tensor Encode(DiffusionPipeline pipeline, INoiseSource noise) =>
        pipeline.Model!.Autoencoder.Encode(ImageTensor.FromImage(s_image)).Sample(noise);

    private static void Close(Tensor expected, Tensor actual)
    {
        Assert.Equal(expected.shape, actual.shape);
        Assert.InRange((expected - actual).abs().max().item<float>(), 0, 1e-4f * Math.Max(1, expected.abs().max().item<float>()));
    }

    private sealed class RecordingPreview : ILatentPreview
    {
        public List<Tensor> Seen { get; } = [];

        public Tensor Decode(Tensor latents)
        {
            Seen.Add(latents.clone().DetachFromDisposeScope());
            return zeros(latents.shape[0], 3, 1, 1);
        }
    }
}
