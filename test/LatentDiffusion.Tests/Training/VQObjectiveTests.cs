using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Training;

public sealed class VQObjectiveTests : IDisposable
{
    private static readonly AutoencoderTrainingOptions s_options = new()
    {
        BatchSize = 2,
        AbsoluteWeight = 0.4,
        SquaredWeight = 0.9,
        CommitmentWeight = 0.3,
        CodebookWeight = 0.8
    };

    private readonly DisposeScope _scope = NewDisposeScope();
    private readonly TinyDenoiser.Stripes _images = new(4);
    private readonly VQModel _network = new VQConfig
    {
        BlockOutChannels = [8, 8], NormNumGroups = 2, LatentChannels = 2, NumVqEmbeddings = 7, MidBlockAddAttention = false,
        DownBlockTypes = ["DownEncoderBlock2D", "DownEncoderBlock2D"], UpBlockTypes = ["UpDecoderBlock2D", "UpDecoderBlock2D"],
    }.Build();

    public VQObjectiveTests()
    {
        Reference.FormulaWeights.Fill(_network);
        _network.to(ScalarType.Float64);
    }

    public void Dispose() => _scope.Dispose();

    [Fact]
    public void The_loss_is_the_sum_of_its_parts_with_the_perplexity()
    {
        using IDisposable noGrad = no_grad();
        TrainingStep step = Step();
        double actual = new VQObjective(_network, _images, s_options).Loss(step).item<double>();

        Tensor pixels = Pixels(), latents = _network.Encode(pixels);
        double[] codebook = _network.state_dict()["quantize.embedding.weight"].data<double>().ToArray();
        double[] z = latents.permute(0, 2, 3, 1).contiguous().data<double>().ToArray();
        int[] nearest =
        [
            .. z.Chunk(2)
                .Select(v => Enumerable.Range(0, 7).MinBy(i => Square(v[0] - codebook[2 * i]) + Square(v[1] - codebook[2 * i + 1])))
        ];
        double distance = z.Chunk(2)
            .Zip(nearest, (v, i) => (Square(v[0] - codebook[2 * i]) + Square(v[1] - codebook[2 * i + 1])) / 2)
            .Average();
        double[] error = (_network.Decode(latents) - pixels).data<double>().ToArray();
        double expected = 0.4 * error.Average(Math.Abs) + 0.9 * error.Average(Square) + (0.3 + 0.8) * distance;
        Assert.Equal(expected, actual, 1e-9);

        double entropy = nearest.CountBy(i => i).Sum(c => -(double)c.Value / nearest.Length * Math.Log((double)c.Value / nearest.Length));
        Assert.Equal(Math.Exp(entropy), step.Metrics["codebook_perplexity"], 1e-9);
        Assert.InRange(Math.Exp(entropy), 1.5, 7);

        static double Square(double x) => x * x;
    }

    [Fact]
    public void Gradients_pass_the_choice_and_reach_the_codebook()
    {
        var objective = new VQObjective(_network, _images, s_options);
        Tensor pixels = Pixels(), start = _network.Encode(pixels).detach();
        Tensor indices = _network.NearestIndices(start), codes = _network.Codes(indices).detach();
        Tensor[] Of(string prefix) =>
        [
            .. _network.named_parameters()
                .Where(p => p.name.StartsWith(prefix, StringComparison.Ordinal))
                .Select(p => (Tensor)p.parameter)
        ];

        // The assumption of the straight-through estimate: the choice moves with the latents, and other codes stay constant.
        double Pretended()
        {
            using IDisposable noGrad = no_grad();
            Tensor latents = _network.Encode(pixels), error = _network.Decode(codes + latents - start, quantize: false) - pixels;
            return (0.4 * error.abs().mean() + 0.9 * error.square().mean() + 0.3 * (latents - codes).square().mean()).item<double>();
        }

        FiniteDifferences.Agree(
            () => objective.Loss(Step()),
            [.. Of("encoder"), .. Of("quant_conv"), .. Of("decoder"), .. Of("post_quant_conv")],
            Pretended,
            tolerance: 1e-6);
        FiniteDifferences.Agree(() => objective.Loss(Step()), Of("quantize"), () =>
        {
            using IDisposable noGrad = no_grad();
            return 0.8 * (_network.Codes(indices) - start).square().mean().item<double>();
        });
    }

    [Fact]
    public void The_perceptual_distance_is_lpips()
    {
        using IDisposable noGrad = no_grad();
        Tensor a = Reference.FormulaWeights.Input("a", [2, 3, 4, 4]).to(ScalarType.Float64),
            b = Reference.FormulaWeights.Input("b", [2, 3, 4, 4]).to(ScalarType.Float64);
        double actual = new PerceptualDistance(new TwoLayers()).Between(a, b).item<double>();
        double expected = 0;
        foreach ((Tensor one, Tensor other, double[] weights) in new[] { (a, b, new[] { 0.5, 1, 2 }), (a * a, b * b, [1, 0, 3]) })
        {
            double[] x = one.permute(0, 2, 3, 1).contiguous().data<double>().ToArray(),
                y = other.permute(0, 2, 3, 1).contiguous().data<double>().ToArray();
            expected += x.Chunk(3)
                .Zip(y.Chunk(3), (p, q) => Enumerable.Range(0, 3).Sum(c => weights[c] * Math.Pow(p[c] / Length(p) - q[c] / Length(q), 2)))
                .Average();
        }

        Assert.Equal(expected, actual, 1e-7);
        static double Length(double[] v) => Math.Sqrt(v.Sum(x => x * x));
    }

    [Fact]
    public void Perceptual_gradients_agree_with_finite_differences()
    {
        AutoencoderKL network = new AutoencoderKLConfig { BlockOutChannels = [8], NormNumGroups = 2 }.Build();
        Reference.FormulaWeights.Fill(network);
        network.to(ScalarType.Float64);
        var options = new AutoencoderTrainingOptions
        {
            BatchSize = 2, AbsoluteWeight = 0, ChromaWeight = 0, PerceptualWeight = 0.6, KlWeight = 0.1
        };
        var objective = new AutoencoderObjective(network, _images, options, new TwoLayers());
        FiniteDifferences.Agree(() => objective.Loss(Step()), FiniteDifferences.Parameters(network), tolerance: 1e-6);
        Assert.Throws<ArgumentException>(() => new AutoencoderObjective(network, _images, options));
    }

    [Fact]
    public void Images_are_learned_through_a_codebook()
    {
        using var folder = new TemporaryFolder();
        _network.to(ScalarType.Float32);
        double first = 0, last = 0;
        var options = new TrainingOptions
        {
            Steps = 120, CheckpointEvery = 120, EmaDecay = 0,
            Optimizer = new OptimizerOptions { LearningRate = 4e-3, WarmupSteps = 5 }
        };
        new Trainer(options).Run(
            new VQObjective(_network, new TinyDenoiser.Stripes(1), s_options with { BatchSize = 1 }), folder["run"],
            new Report(p => { if (p.Step == 1) first = p.Metrics["reconstruction"]; last = p.Metrics["reconstruction"]; }));
        Assert.True(last < 0.6 * first, $"the reconstruction's loss went from {first} to {last}");
    }

    private Tensor Pixels() =>
        ImageTensor.FromImages([.. new BatchIndices(4, 2).IndicesFor(0).Select(i => _images.Read(i).Image)]).to(ScalarType.Float64);

    private static TrainingStep Step() => new(0, new Generator(4));

    /// <summary>The pixels and their squares as feature maps.</summary>
    private sealed class TwoLayers : IPerceptualFeatures
    {
        public IReadOnlyList<Tensor> ChannelWeights { get; } =
        [
            tensor([0.5, 1, 2]).DetachFromDisposeScope(),
            tensor([1.0, 0, 3]).DetachFromDisposeScope()
        ];

        public IReadOnlyList<Tensor> Features(Tensor pixels) => [pixels + 0, pixels * pixels];
    }

    private sealed class Report(Action<TrainingProgress> action) : IProgress<TrainingProgress>
    {
        void IProgress<TrainingProgress>.Report(TrainingProgress value) => action(value);
    }
}
