using LatentDiffusion.Tests.Pipelines;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Training;

/// <summary>Embeddings of new tokens are trained over a frozen model, written, and taken by the builder.</summary>
public sealed class TextualInversionTrainingTests : IDisposable
{
    private const int ImageCount = 4;

    private static readonly TrainingOptions s_training = new()
    {
        Steps = 12, CheckpointEvery = 6, EmaDecay = 0,
        Optimizer = new OptimizerOptions { LearningRate = 0.03, WarmupSteps = 0, WeightDecay = 0, Decay = LearningRateDecay.Constant },
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

    [Theory, InlineData("sd1"), InlineData("xl"), InlineData("xl-refiner")]
    public void Only_the_embeddings_change_the_loss_falls_and_the_file_changes_the_conditioning(string family)
    {
        using ModelComponents model = DiffusersFolder.Read(_families[family]);
        Dictionary<string, float[]> before = Values(model);
        using LatentCache data = Cache(model);
        using var inversion = new TextualInversionTraining(
            model, new LearnedToken { Token = "<t>", InitialText = "ab" },
            new LearnedToken { Token = "<u>", InitialText = "b", Vectors = 2 });
        using var objective = new DenoiserObjective(
            model, data, new DenoiserTrainingOptions { BatchSize = ImageCount, CaptionDropout = 0 },
            inversion.Texts(["a <t>", "<t> <u>", "a <t>", "b <u>"]));
        ITrainingObjective trained = inversion.Objective(objective);
        TextualInversion start = inversion.Embeddings[0];
        double first = Loss(trained);
        Assert.True(new Trainer(s_training).Run(trained, _folder["run"]));
        double last = Loss(trained);
        Assert.True(last < first, $"the loss went from {first} to {last}");
        foreach ((string name, float[] values) in Values(model)) Assert.Equal(before[name], values);

        string path = _folder["<t>.safetensors"];
        inversion.Save(path, "<t>");
        inversion.Save(_folder["other.safetensors"], "<u>");
        TextualInversion read = Assert.Single(TextualInversionFile.Read(path)), now = inversion.Embeddings[0];
        Assert.Equal("<t>", read.Token);
        Assert.Equal(2, Assert.Single(TextualInversionFile.Read(_folder["other.safetensors"], "<u>")).Vectors);
        Assert.Equal(now.Embeddings.Keys.Order(), read.Embeddings.Keys.Order());
        foreach ((string tower, float[,] rows) in now.Embeddings)
        {
            Assert.Equal(rows.Cast<float>(), read.Embeddings[tower].Cast<float>());
            Assert.NotEqual(rows.Cast<float>(), start.Embeddings[tower].Cast<float>());
        }

        // The pipeline's conditioning is that of training, and with the values at the start that of the words.
        using DiffusionPipeline pipeline = new DiffusionPipelineBuilder()
            .UseModelFolder(_families[family]).UseTextualInversion(path).Build();
        using DiffusionModel plain = DiffusionModel.Open(_families[family]);
        using Conditioning learned = pipeline.Encode(["a <t>"]), words = plain.TextEncoder!.Encode(["a ab"]),
            initial = plain.TextEncoder.WithTextualInversion(start)!.Encode(["a <t>"]);
        Assert.Equal(Values(words.HiddenStates), Values(initial.HiddenStates));
        Assert.True((learned.HiddenStates - words.HiddenStates).abs().max().item<float>() > 1e-3, "the embedding changes nothing");
        Conditioning training = inversion.Texts(["a <t>", "<u>"]).Encode(tensor(new long[] { 0 }), zeros(1, ScalarType.Bool));
        Assert.True(training.HiddenStates.allclose(learned.HiddenStates, 1e-5, 1e-5));
    }

    [Fact]
    public void A_token_learns_the_words_that_its_texts_are_compared_with()
    {
        using ModelComponents model = FamilyFolders.Make("xl");
        using DiffusionModel whole = DiffusionModel.FromComponents(model);
        using var inversion = new TextualInversionTraining(model, new LearnedToken { Token = "<t>", InitialText = "a" });
        using Conditioning words = whole.TextEncoder!.Encode(["a b", "ab b"]);
        var objective = new Same(model, inversion.Texts(["a <t>", "ab <t>"]), words);
        double first = objective.Loss(new TrainingStep(0, new Generator(0))).item<float>();
        Assert.True(new Trainer(s_training with { Steps = 60, CheckpointEvery = 60 }).Run(inversion.Objective(objective), _folder["run"]));
        double last = objective.Loss(new TrainingStep(0, new Generator(0))).item<float>();
        Assert.True(last < 0.1 * first, $"the loss went from {first} to {last}");
    }

    [Fact]
    public void Gradients_agree_with_finite_differences_and_parameters_are_given_back()
    {
        using ModelComponents model = FamilyFolders.Make("xl");
        using LatentCache data = Cache(model);
        using (var inversion = new TextualInversionTraining(model, new LearnedToken { Token = "<t>", InitialText = "a b" }))
        using (var objective = new DenoiserObjective(
            model, data, new DenoiserTrainingOptions { BatchSize = 2, CaptionDropout = 0 },
            inversion.Texts(["a <t>", "<t>", "a <t>", "b <t>"])))
        {
            Assert.Equal(["text_encoder", "text_encoder_2"], inversion.Modules.Keys.Order());
            Assert.Equal(2, inversion.Embeddings[0].Vectors);
            foreach ((_, nn.Module network) in model.Networks) network.to(ScalarType.Float64);
            foreach (nn.Module embeddings in inversion.Modules.Values)
            {
                embeddings.to(ScalarType.Float64);
                FiniteDifferences.Agree(
                    () => objective.Loss(new TrainingStep(0, new Generator(9))), FiniteDifferences.Parameters(embeddings));
            }

            Assert.All(
                model.Networks.Where(n => n.Name != "vae").SelectMany(n => n.Network.parameters()), p => Assert.False(p.requires_grad));
        }

        Assert.All(model.Networks.SelectMany(n => n.Network.parameters()), p => Assert.True(p.requires_grad));
    }

    [Fact]
    public void A_cancelled_run_resumes_to_the_same_file_in_bfloat16_too()
    {
        foreach (TrainingPrecision precision in new[] { TrainingPrecision.Float32, TrainingPrecision.BFloat16 })
        {
            byte[]? whole = Train($"{precision} whole", null, precision);
            Assert.Null(Train($"{precision} parts", 3, precision));
            Assert.Equal(whole, Train($"{precision} parts", null, precision));
        }

        byte[]? Train(string run, int? stopAfter, TrainingPrecision precision)
        {
            using ModelComponents model = FamilyFolders.Make("sd1");
            using LatentCache data = Cache(model);
            using var inversion = new TextualInversionTraining(model, new LearnedToken { Token = "<t>", InitialText = "a" });
            using var objective = new DenoiserObjective(
                model, data, new DenoiserTrainingOptions { BatchSize = 2 }, inversion.Texts(["<t>", "a <t>", "<t> b", "b <t>"]));
            using var stop = new CancellationTokenSource();
            int done = 0;
            bool finished = new Trainer(s_training with { Steps = 5, CheckpointEvery = 2, Precision = precision }).Run(
                inversion.Objective(objective), _folder[run], new Report(() => { if (++done == stopAfter) stop.Cancel(); }), stop.Token);
            if (!finished) return null;
            inversion.Save(_folder["t.safetensors"]);
            return File.ReadAllBytes(_folder["t.safetensors"]);
        }
    }

    [Fact]
    public void What_cannot_be_learned_is_refused_by_name()
    {
        using ModelComponents model = FamilyFolders.Make("sd1");
        var token = new LearnedToken { Token = "<t>", InitialText = "a" };
        Refused("'<t>'", () => new TextualInversionTraining(model, token, token));
        Refused("' t'", () => new TextualInversionTraining(model, token with { Token = " t" }));
        Refused("room for 14", () => new TextualInversionTraining(model, token with { Vectors = 20 }));
        Refused("At least one", () => new TextualInversionTraining(model));
        using var inversion = new TextualInversionTraining(model, token, token with { Token = "<u>" });
        Refused("'<u>' is in none of the 2 captions", () => inversion.Texts(["<t>", "a <t>"]));
        Refused("null", () => inversion.Save(_folder["a"]));
        Refused("'<v>'", () => inversion.Save(_folder["a"], "<v>"));
        Refused("clip_l", () => TextualInversionFile.Write(
            _folder["a"], new TextualInversion("clip_l", new Dictionary<string, float[,]> { [""] = new float[1, 4] })));
        Assert.False(File.Exists(_folder["a"]));

        static void Refused(string named, Action action) =>
            Assert.Contains(named, Assert.ThrowsAny<ArgumentException>(action).Message, StringComparison.Ordinal);
    }

    private LatentCache Cache(ModelComponents model) => LatentCache.Open(
        _folder[$"{Guid.NewGuid():N}.safetensors"], "k", model, new TinyDenoiser.Stripes(ImageCount), ImageCount);

    /// <summary>The mean loss of the draws that it is trained with.</summary>
    private static double Loss(ITrainingObjective objective)
    {
        using IDisposable noGrad = no_grad();
        return Enumerable.Range(0, (int)s_training.Steps).Average(step =>
        {
            using var generator = new Generator(SeedSequence.ForStep(s_training.Seed, step));
            return objective.Loss(new TrainingStep(step, generator)).item<float>();
        });
    }

    private static float[] Values(Tensor tensor) => [.. tensor.data<float>()];

    private static Dictionary<string, float[]> Values(ModelComponents model) => model.Networks
        .SelectMany(n => n.Network.state_dict().Select(p => ($"{n.Name}.{p.Key}", Values: Values(p.Value))))
        .ToDictionary(p => p.Item1, p => p.Values);

    /// <summary>Compares texts with other ones.</summary>
    private sealed class Same(ModelComponents model, ITextConditioning texts, Conditioning expected) : ITrainingObjective
    {
        public IReadOnlyDictionary<string, nn.Module> Modules { get; } =
            new Dictionary<string, nn.Module> { ["unet"] = model.Get<nn.Module>("unet") };

        public Tensor Loss(TrainingStep step)
        {
            Conditioning actual = texts.Encode(arange(2, ScalarType.Int64), zeros(2, ScalarType.Bool));
            return nn.functional.mse_loss(actual.HiddenStates, expected.HiddenStates);
        }
    }

    private sealed class Report(Action action) : IProgress<TrainingProgress>
    {
        void IProgress<TrainingProgress>.Report(TrainingProgress value) => action();
    }
}
