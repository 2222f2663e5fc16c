using LatentDiffusion.Tests.Pipelines;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Training;

/// <summary>
/// A Stable Diffusion XL folder, and its refiner's: two text towers, pooled text, and the size conditioning of the U-Net.
/// </summary>
public sealed class StableDiffusionXLTrainingTests : IDisposable
{
    private const int ImageCount = 5, Batch = 3;

    // No weight decay, so that only parameters with a gradient change.
    private static readonly TrainingOptions s_training = new()
    {
        Steps = 3, CheckpointEvery = 3,
        Optimizer = new OptimizerOptions { LearningRate = 0.02, WarmupSteps = 0, WeightDecay = 0, Decay = LearningRateDecay.Constant },
    };

    private readonly DisposeScope _scope = NewDisposeScope();
    private readonly TemporaryFolder _folder = new();
    private readonly FamilyFolders _families = new();

    public void Dispose()
    {
        _families.Dispose();
        _folder.Dispose();
        _scope.Dispose();
    }

    [Theory, InlineData("xl"), InlineData("xl-refiner")]
    public void The_loss_is_that_of_the_networks_called_one_by_one(string family)
    {
        using IDisposable noGrad = no_grad();
        using ModelComponents model = FamilyFolders.Make(family);
        using LatentCache data = Cache(model);
        using var objective = new DenoiserObjective(model, data, new DenoiserTrainingOptions { BatchSize = Batch, CaptionDropout = 0.5 });
        double actual = Loss(objective);

        // The same draws in the same order, and each image by itself, from its pixels and its tokens.
        var random = new Generator(9);
        bool[] dropped = [.. rand(Batch, generator: random).data<float>().Select(u => u < 0.5)];
        Assert.Equal([true, false], dropped.Distinct().OrderDescending());
        long[] timesteps = randint(0, 1000, [Batch], dtype: ScalarType.Int64, generator: random).data<long>().ToArray();
        Tensor noise = randn([Batch, 4, 8, 8], generator: random);
        long[] rows = new BatchIndices(ImageCount, Batch).IndicesFor(0);
        NoiseSchedule schedule = model.Scheduler.ToNoiseSchedule();
        var autoencoder = (AutoencoderKL)model.Autoencoder;
        double expected = 0;
        for (int i = 0; i < Batch; i++)
        {
            // 16 x 16 from the middle of an image that is 16 high and wider.
            int width = Images.Width(rows[i]);
            ImageBuffer middle = new Images().Read(rows[i]).Image.Crop((width - 16) / 2, 0, 16, 16);
            Tensor exact = autoencoder.Encode(ImageTensor.FromImage(middle)).Mean * autoencoder.Config.ScalingFactor,
                sample = data.Latents[rows[i]].to(ScalarType.Float32).unsqueeze(0);
            Assert.True(sample.allclose(exact, 1e-3, 1e-3), "the cache holds the latents in half precision");

            Tensor Ids(long padding) => tensor(Padded(dropped[i] ? [7, 8] : rows[i] % 2 == 0 ? [7, 6, 3, 8] : [7, 5, 8], padding), [1, 16]);
            ClipTextOutput second = model.TextEncoder2!.call(Ids(0));
            Tensor text = second.PenultimateHiddenState, pooled = second.Projected!;
            float[] sizes = [16, width, 0, (width - 16) / 2, 16, 16];
            if (family == "xl")
            {
                text = cat([model.TextEncoder!.call(Ids(8)).PenultimateHiddenState, text], 2);
                // The unconditional text is all zeros for this model.
                if (dropped[i]) (text, pooled) = (zeros_like(text), zeros_like(pooled));
            }
            else
            {
                sizes = [.. sizes[..4], 6];
            }

            double alphaBar = schedule.AlphasCumprod[(int)timesteps[i]];
            Tensor noisy = Math.Sqrt(alphaBar) * sample + Math.Sqrt(1 - alphaBar) * noise[i].unsqueeze(0);
            Tensor output = model.UNet.call(
                new UNetInput(noisy, tensor([timesteps[i]]), text)
                {
                    TextEmbeds = pooled, TimeIds = tensor(sizes, [1, sizes.Length])
                });
            expected += (output - noise[i].unsqueeze(0)).square().mean().item<float>() / Batch;
        }

        Assert.Equal(expected, actual, 1e-5 * Math.Max(1, expected));
    }

    [Fact]
    public void Gradients_of_both_towers_agree_with_finite_differences()
    {
        using ModelComponents model = FamilyFolders.Make("xl");
        using LatentCache data = Cache(model);
        using var objective = new DenoiserObjective(model, data, new DenoiserTrainingOptions { BatchSize = 2, CaptionDropout = 0 });
        Assert.Equal(["text_encoder", "text_encoder_2", "unet"], objective.Modules.Keys.Order());
        foreach (nn.Module network in objective.Modules.Values) network.to(ScalarType.Float64);
        foreach (nn.Module network in objective.Modules.Values)
            FiniteDifferences.Agree(() => objective.Loss(new TrainingStep(0, new Generator(9))), FiniteDifferences.Parameters(network));
    }

    [Theory, InlineData("xl"), InlineData("xl-refiner")]
    public void A_folder_is_trained_fully_and_reloads(string family)
    {
        byte[] before = Draw(_families[family]);
        using ModelComponents model = DiffusersFolder.Read(_families[family]);
        using LatentCache data = Cache(model);
        using var objective = new DenoiserObjective(
            model,
            data,
            new DenoiserTrainingOptions { BatchSize = Batch, Weighting = new MinSnrWeighting() });
        Assert.True(new Trainer(s_training).Run(objective, _folder["run"]));
        DiffusersFolder.Write(model, _folder["model"]);
        Assert.NotEqual(before, Draw(_folder["model"]));

        using ModelComponents original = DiffusersFolder.Read(_families[family]), reloaded = DiffusersFolder.Read(_folder["model"]);
        foreach (((string name, nn.Module trained), (nn.Module first, nn.Module last))
            in model.Networks.Zip(
                original.Networks.Zip(reloaded.Networks, (a, b) => (a.Network, b.Network))))
        {
            Assert.Equal(Values(trained), Values(last));
            if (name == "vae") Assert.Equal(Values(first), Values(last));
            else Assert.NotEqual(Values(first), Values(last));
        }
    }

    [Fact]
    public void A_LoRA_is_trained_and_taken_by_the_builder()
    {
        string folder = _families["xl"], path = _folder["lora.safetensors"];
        using ModelComponents model = DiffusersFolder.Read(folder);
        using LatentCache data = Cache(model);
        using var objective = new DenoiserObjective(model, data, new DenoiserTrainingOptions { BatchSize = Batch });
        double plain = Loss(objective), adapted;
        using (var lora = new LoraTraining(objective.Modules, new LoraTrainingOptions { Rank = 2 }))
        {
            Assert.Contains(lora.Layers, l => l.StartsWith("text_encoder_2.", StringComparison.Ordinal));
            Assert.Equal(plain, Loss(objective));
            Assert.True(new Trainer(s_training).Run(lora.Objective(objective), _folder["run"]));
            adapted = Loss(objective);
            lora.Save(path);
            lora.Save(_folder["kohya.safetensors"], layout: LoraLayout.Kohya);
        }

        Assert.True(Math.Abs(adapted - plain) > 1e-4, $"the adapters changed the loss of {plain} to {adapted} alone");
        Assert.Equal(plain, Loss(objective));
        var networks = model.Networks
            .Where(n => n.Name != "vae")
            .ToDictionary(n => n.Name, n => (IReadOnlyDictionary<string, Tensor>)n.Network.state_dict());
        using LoraFile file = LoraFile.Open(
            path,
            [.. networks.Select(n => LoraTarget.Create(ModelFamilies.StableDiffusion.Lora(n.Key), n.Value))]);
        using LoraFile kohya = LoraFile.Open(
            _folder["kohya.safetensors"],
            [.. networks.Select(n => LoraTarget.Create(ModelFamilies.StableDiffusion.Lora(n.Key), n.Value))]);
        Assert.Equal(file.Patches.Select(Patch).Order(), kohya.Patches.Select(Patch).Order());
        foreach (string prefix in (string[])["lora_unet_", "lora_te1_", "lora_te2_"])
            Assert.Contains(kohya.Patches, p => p.LowRank.Up.StartsWith(prefix, StringComparison.Ordinal));
        using var applied = new AppliedLoras(networks);
        applied.Set((file, 1));
        Assert.Equal(adapted, Loss(objective), 1e-5 * Math.Max(1, adapted));
        Assert.NotEqual(Draw(folder), Draw(folder, path));
    }

    [Theory, InlineData("xl"), InlineData("xl-refiner")]
    public void Embeddings_from_a_file_are_the_towers_own(string family)
    {
        using IDisposable noGrad = no_grad();
        using ModelComponents model = FamilyFolders.Make(family);
        using LatentCache data = Cache(model);
        var options = new DenoiserTrainingOptions { BatchSize = Batch, CaptionDropout = 0.5, TrainTextEncoder = false };
        using var frozen = new DenoiserObjective(model, data, options);
        Assert.Equal(["unet"], frozen.Modules.Keys);

        // Not disposed: the networks are the model's.
        var encoder = new ClipTextEncoder(
            model.TextEncoder is { } first ? (first, model.Tokenizer!.Build()) : null,
            (model.TextEncoder2!, model.Tokenizer2!.Build()),
            model.ForceZerosForEmptyPrompt);
        using TextEmbeddingCache texts = TextEmbeddingCache.Open(
            _folder["texts.safetensors"], "k",
            encoder,
            Enumerable.Range(0, ImageCount).Select(i => new Images().Read(i).Caption),
            new TextEmbeddingCacheOptions { Type = ScalarType.Float32 });
        using var cached = new DenoiserObjective(
            new UNetDenoiser(model.UNet, model.RequiresAestheticsScore),
            new CachedTextConditioning(texts),
            data,
            LatentScaling.None,
            model.Scheduler.ToNoiseSchedule(),
            options);
        Assert.Equal(Loss(frozen), Loss(cached), 1e-5);
    }

    [Fact]
    public void What_the_model_is_not_told_or_lacks_is_refused()
    {
        using ModelComponents model = FamilyFolders.Make("xl");
        using LatentCache data = Cache(model);
        Refused("AestheticScore is 7", () => new DenoiserObjective(model, data, new DenoiserTrainingOptions { AestheticScore = 7 }));
        Refused(
            "the model predicts Epsilon",
            () => new DenoiserObjective(model, data, new DenoiserTrainingOptions { PredictionType = PredictionType.Velocity }));
        TrainableModel parts = model.Family.CreateTrainable(model);
        ITextConditioning texts = parts.Texts!(data, true);
        Refused("scaled already", () => WithScaling(data));
        using LatentCache without = LatentCache.Open(
            _folder["without"],
            "k",
            (AutoencoderKL)model.Autoencoder,
            model.Tokenizer!.Build(),
            Sized(),
            ImageCount,
            new LatentCacheOptions());
        Refused("the cache keeps none", () => WithScaling(without));
        Assert.Contains(
            "SecondTokenizer",
            Assert.Throws<InvalidOperationException>(() => new DenoiserObjective(model, without, new DenoiserTrainingOptions())).Message,
            StringComparison.Ordinal);

        using ModelComponents refiner = FamilyFolders.Make("xl-refiner");
        using LatentCache other = Cache(refiner);
        using var told = new DenoiserObjective(refiner, other, new DenoiserTrainingOptions { BatchSize = Batch, AestheticScore = 2.5 });
        using var plain = new DenoiserObjective(refiner, other, new DenoiserTrainingOptions { BatchSize = Batch });
        Assert.NotEqual(Loss(plain), Loss(told));

        DenoiserObjective WithScaling(LatentCache cache) => new(
            parts.Denoiser, texts, cache, new LatentScaling(0, 0.5), model.Scheduler.ToNoiseSchedule(), new DenoiserTrainingOptions());

        static void Refused(string named, Func<object> make) =>
            Assert.Contains(named, Assert.Throws<ArgumentException>(make).Message, StringComparison.Ordinal);
    }

    private LatentCache Cache(ModelComponents model) =>
        LatentCache.Open(_folder[$"{Guid.NewGuid():N}.safetensors"], "k", model, Sized(), ImageCount);

    private static PreparedImages Sized() => new(new Images(), new PreparedImagesOptions { Width = 16, Height = 16 });

    private static double Loss(DenoiserObjective objective)
    {
        using IDisposable noGrad = no_grad();
        using var generator = new Generator(9);
        return objective.Loss(new TrainingStep(0, generator)).item<float>();
    }

    private static (string, long, double) Patch(LoraPatch patch) => (patch.Parameter, patch.LowRank.Rank, patch.LowRank.Scale);

    private static byte[] Draw(string folder, string? lora = null)
    {
        DiffusionPipelineBuilder builder = new DiffusionPipelineBuilder().UseModelFolder(folder);
        if (lora is not null) builder.UseLora(lora);
        using DiffusionPipeline pipeline = builder.Build();
        return pipeline
            .Generate(new GenerationRequest { Prompt = "ab a", Seed = 1, Steps = 2, Width = 16, Height = 16 })
            .Images[0].Image.Rgb.ToArray();
    }

    private static float[] Values(nn.Module network) =>
        [.. network.state_dict()
            .OrderBy(p => p.Key, StringComparer.Ordinal)
            .SelectMany(p => p.Value.data<float>().ToArray())];

    private static long[] Padded(long[] ids, long padding) => [.. ids, .. Enumerable.Repeat(padding, 16 - ids.Length)];

    /// <summary>Images 16 pixels high and of different widths.</summary>
    private sealed class Images : ICaptionedImageSource
    {
        public long? Count => ImageCount;

        public static int Width(long index) => 24 + 4 * (int)index;

        public CaptionedImage Read(long index)
        {
            byte[] rgb = [.. Enumerable.Range(0, 16 * Width(index) * 3).Select(i => (byte)(i * (index + 3)))];
            return new CaptionedImage(new ImageBuffer(Width(index), 16, rgb), index % 2 == 0 ? "ab a" : "b", $"image {index}");
        }
    }
}
