using LatentDiffusion.Tests.Pipelines;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Training;

/// <summary>A Stable Diffusion folder is loaded, trained, written, and sampled from through the public builder.</summary>
public sealed class FineTuningTests : IDisposable
{
    private static readonly TrainingOptions s_training = new()
    {
        Steps = 4, CheckpointEvery = 2,
        Optimizer = new OptimizerOptions { LearningRate = 0.02, WarmupSteps = 0, Decay = LearningRateDecay.Constant },
    };

    private readonly DisposeScope _scope = NewDisposeScope();
    private readonly TemporaryFolder _folder = new();
    private readonly TinyModel _model = new();
    private readonly ModelComponents _components;
    private readonly LatentCache _data;
    private readonly DenoiserObjective _objective;

    public FineTuningTests()
    {
        _components = DiffusersFolder.Read(_model.Folder);
        ClipTokenizer tokenizer = _components.Tokenizer!.Build();
        var autoencoder = (AutoencoderKL)_components.Autoencoder;
        _data = LatentCache.Open(_folder["latents.safetensors"], "test", autoencoder, tokenizer, new TinyDenoiser.Stripes(6), 6);
        _objective = new DenoiserObjective(
            new UNetDenoiser(_components.UNet),
            _components.TextEncoder!,
            tokenizer,
            autoencoder.Config,
            _data,
            _components.Scheduler.ToNoiseSchedule(),
            new DenoiserTrainingOptions { BatchSize = 2, Weighting = new MinSnrWeighting() });
    }

    public void Dispose()
    {
        _objective.Dispose();
        _data.Dispose();
        _components.Dispose();
        _model.Dispose();
        _folder.Dispose();
        _scope.Dispose();
    }

    [Fact]
    public void A_folder_is_trained_fully_and_reloads()
    {
        byte[] before = Draw(_model.Folder);
        Assert.True(new Trainer(s_training).Run(_objective, _folder["run"]));
        float[] trained = Output();
        DiffusersFolder.Write(_components, _folder["model"]);
        Assert.NotEqual(before, Draw(_folder["model"]));

        using ModelComponents reloaded = DiffusersFolder.Read(_folder["model"]);
        Assert.Equal(trained, Output(reloaded.UNet, reloaded.TextEncoder!));
        Assert.Equal(
            File.ReadAllBytes(Path.Combine(_model.Folder, "vae", "diffusion_pytorch_model.safetensors")),
            File.ReadAllBytes(Path.Combine(_folder["model"], "vae", "diffusion_pytorch_model.safetensors")));
    }

    [Theory]
    [InlineData(null, false)]
    [InlineData(3.0, true)]
    public void A_LoRA_is_trained_and_merges_to_the_same_outputs(double? alpha, bool convolutions)
    {
        float[] plain = Output();
        Dictionary<string, float[]> frozen = Values();
        var options = new LoraTrainingOptions { Rank = 2, Alpha = alpha };
        if (convolutions)
            options = options with
            {
                Targets = [.. ModelFamilies.StableDiffusion.Lora("unet").TrainedLayers, "conv1", "*.downsamplers.*.conv"]
            };
        string path = _folder["lora.safetensors"];
        float[] adapted;
        using (var lora = new LoraTraining(
            new Dictionary<string, nn.Module> { ["unet"] = _components.UNet, ["text_encoder"] = _components.TextEncoder! },
            options))
        {
            Assert.Equal((alpha ?? 2) / 2, lora.Scale);
            Assert.Contains("unet.down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q", lora.Layers);
            Assert.Contains("text_encoder.text_model.encoder.layers.1.self_attn.out_proj", lora.Layers);
            Assert.Equal(plain, Output());
            Assert.True(new Trainer(s_training).Run(lora.Objective(_objective), _folder["run"]));
            adapted = Output();
            lora.Save(path);
            lora.Save(_folder["kohya.safetensors"], layout: LoraLayout.Kohya);
        }

        double change = plain.Zip(adapted).Max(p => Math.Abs(p.First - p.Second));
        Assert.True(change > 1e-3, $"the adapters changed outputs of up to {plain.Max(Math.Abs)} by {change} alone");
        Assert.Equal(plain, Output());
        foreach ((string name, float[] values) in Values()) Assert.Equal(frozen[name], values);
        Assert.All(_components.UNet.parameters(), p => Assert.True(p.requires_grad));

        var networks = new Dictionary<string, IReadOnlyDictionary<string, Tensor>>
        {
            ["unet"] = _components.UNet.state_dict(), ["text_encoder"] = _components.TextEncoder!.state_dict(),
        };
        using LoraFile file = LoraFile.Open(
            path,
            [.. networks.Select(n => LoraTarget.Create(ModelFamilies.StableDiffusion.Lora(n.Key), n.Value))]);
        Assert.All(file.Patches, p => Assert.Equal((2, alpha ?? 2), (p.LowRank.Rank, p.LowRank.Alpha)));
        using LoraFile kohya = LoraFile.Open(
            _folder["kohya.safetensors"],
            [.. networks.Select(n => LoraTarget.Create(ModelFamilies.StableDiffusion.Lora(n.Key), n.Value))]);
        Assert.All(kohya.Patches, p => Assert.StartsWith("lora_", p.LowRank.Up));
        Assert.Equal(
            file.Patches.Select(p => (p.Parameter, p.LowRank.Rank, p.LowRank.Scale)).Order(),
            kohya.Patches.Select(p => (p.Parameter, p.LowRank.Rank, p.LowRank.Scale)).Order());
        using var applied = new AppliedLoras(networks);
        applied.Set((file, 1));
        float[] merged = Output();
        double scale = plain.Max(Math.Abs);
        Assert.All(adapted.Zip(merged), p => Assert.Equal(p.First, p.Second, 1e-5 * Math.Max(1, scale)));

        byte[] before = Draw(_model.Folder);
        DiffusersFolder.Write(_components, _folder["model"]);
        Assert.NotEqual(before, Draw(_folder["model"]));
    }

    [Fact]
    public void BFloat16_converts_the_frozen_networks_for_the_run_only()
    {
        Dictionary<string, float[]> frozen = Values();
        using var lora = new LoraTraining(
            new Dictionary<string, nn.Module> { ["unet"] = _components.UNet, ["text_encoder"] = _components.TextEncoder! },
            new LoraTrainingOptions { Rank = 2 });
        var types = new HashSet<ScalarType>();
        var trainer = new Trainer(s_training with { Precision = TrainingPrecision.BFloat16 })
        {
            Check = new TrainingCallback(
                1,
                _ => types.UnionWith(_components.UNet.parameters().Concat(_components.TextEncoder!.parameters()).Select(p => p.dtype))),
        };
        Assert.True(trainer.Run(lora.Objective(_objective), _folder["run"]));
        Assert.Equal([ScalarType.BFloat16], types);
        foreach ((string name, float[] values) in Values()) Assert.Equal(frozen[name], values);
        Assert.All(lora.Modules.Values.SelectMany(m => m.parameters()), p => Assert.Equal(ScalarType.Float32, p.dtype));
    }

    [Fact]
    public void Layers_that_are_not_there_are_named()
    {
        var networks = new Dictionary<string, nn.Module> { ["unet"] = _components.UNet };
        Assert.Contains(
            "to_x",
            Assert.Throws<ArgumentException>(
                () => new LoraTraining(networks, new LoraTrainingOptions { Targets = ["to_q", "to_x"] })).Message,
            StringComparison.Ordinal);
        using var unetAlone = new LoraTraining(networks);
        Assert.Contains(
            "text_encoder",
            Assert.Throws<ArgumentException>(() => unetAlone.Objective(_objective)).Message,
            StringComparison.Ordinal);
        Assert.Contains("vae", Assert.Throws<ArgumentException>(
            () => new LoraTraining(new Dictionary<string, nn.Module> { ["vae"] = _components.Autoencoder })).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_cancelled_LoRA_run_goes_on_to_the_same_adapters()
    {
        byte[]? Train(string run, int? stopAfter)
        {
            using var lora = new LoraTraining(_objective.Modules, new LoraTrainingOptions { Rank = 2, Seed = 5 });
            using var stop = new CancellationTokenSource();
            int done = 0;
            bool finished = new Trainer(s_training).Run(
                lora.Objective(_objective),
                _folder[run],
                new Report(_ => { if (++done == stopAfter) stop.Cancel(); }),
                stop.Token);
            if (!finished) return null;
            lora.Save(_folder["adapters.safetensors"]);
            return File.ReadAllBytes(_folder["adapters.safetensors"]);
        }

        byte[]? whole = Train("whole", null);
        Assert.Null(Train("resumed", 3));
        Assert.Equal(whole, Train("resumed", null));
        using var others = new LoraTraining(_objective.Modules, new LoraTrainingOptions { Rank = 2, Seed = 5, Targets = ["to_q"] });
        Assert.Throws<CheckpointException>(() => new Trainer(s_training).Run(others.Objective(_objective), _folder["whole"]));
    }

    private Dictionary<string, float[]> Values() =>
        _components.UNet.state_dict().ToDictionary(p => p.Key, p => p.Value.data<float>().ToArray());

    private float[] Output() => Output(_components.UNet, _components.TextEncoder!);

    private float[] Output(UNet2DConditionModel network, ClipTextModel text)
    {
        using IDisposable noGrad = no_grad();
        Tensor hidden = text.call(_data.Ids.narrow(0, 0, 2)).LastHiddenState;
        return network.call(
            new UNetInput(Reference.FormulaWeights.Input("x", [2, 4, 8, 8]), tensor([700, 31]), hidden))
            .data<float>().ToArray();
    }

    private static byte[] Draw(string folder)
    {
        using DiffusionPipeline pipeline = new DiffusionPipelineBuilder().UseModelFolder(folder).Build();
        return pipeline.Generate(new GenerationRequest { Prompt = "a blue bird", Seed = 1, Steps = 2 }).Images[0].Image.Rgb.ToArray();
    }

    private sealed class Report(Action<TrainingProgress> action) : IProgress<TrainingProgress>
    {
        void IProgress<TrainingProgress>.Report(TrainingProgress value) => action(value);
    }
}
