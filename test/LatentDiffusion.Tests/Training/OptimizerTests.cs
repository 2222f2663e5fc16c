using System.ComponentModel.DataAnnotations;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Training;

/// <summary>Adafactor and AdamW in 8 bits, next to AdamW and to their papers' formulas.</summary>
public sealed class OptimizerTests : IDisposable
{
    private readonly DisposeScope _scope = NewDisposeScope();
    private readonly TemporaryFolder _folder = new();

    public void Dispose()
    {
        _folder.Dispose();
        _scope.Dispose();
    }

    public static TheoryData<OptimizerAlgorithm> All => [.. Enum.GetValues<OptimizerAlgorithm>()];

    [Fact]
    public void Losses_fall_as_with_AdamW()
    {
        double start = Train(OptimizerAlgorithm.AdamW, 0, 1).Loss;
        double adam = Train(OptimizerAlgorithm.AdamW, 3e-3, 150).Loss, bits = Train(OptimizerAlgorithm.AdamW8Bit, 3e-3, 150).Loss,
            factors = Train(OptimizerAlgorithm.Adafactor, 3e-3, 150).Loss;
        string all = $"{start} became {adam} with AdamW, {bits} with 8 bits, {factors} with Adafactor";
        Assert.True(adam < 0.3 * start && bits < 1.1 * adam && factors < 1.5 * adam, all);
    }

    [Theory, MemberData(nameof(All))]
    public void State_takes_the_stated_memory_and_a_resumed_run_is_bit_equal(OptimizerAlgorithm algorithm)
    {
        (float[] whole, _, long state, long parameters) = Train(algorithm, 3e-3, 9);
        double bytes = algorithm switch { OptimizerAlgorithm.AdamW => 8, OptimizerAlgorithm.AdamW8Bit => 2.05, _ => 0.25 };
        Assert.InRange((double)state / parameters, 0, bytes);
        Assert.Null(Run(algorithm, "parts", stopAfter: 4));
        Assert.Equal(whole, Run(algorithm, "parts"));
        OptimizerAlgorithm other = algorithm == OptimizerAlgorithm.AdamW ? OptimizerAlgorithm.Adafactor : OptimizerAlgorithm.AdamW;
        Assert.Contains("optimizer", Assert.Throws<CheckpointException>(() => Run(other, "parts")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Codes_are_the_published_ones_and_keep_a_relative_precision()
    {
        // 127 positive values in seven powers of ten and 1: the first is the middle of [0.1, 1] times 1e-6, the last two of 64 parts.
        using DynamicCode signed = DynamicCode.Signed(CPU), unsigned = DynamicCode.Unsigned(CPU);
        Assert.Equal([0.55e-6f, 0.9929688f, 1f], Decode(signed, [128, 254, 255]), (a, b) => Math.Abs(a / b - 1) < 1e-6);
        Assert.Equal([-0.55e-6f, 0f], Decode(signed, [126, 127]));
        Assert.Equal([0f, 0.325e-6f, 0.99648434f, 1f], Decode(unsigned, [0, 1, 254, 255]), (a, b) => a == b || Math.Abs(a / b - 1) < 1e-6);

        Tensor values = randn(64, 256, generator: new Generator(3)).mul(randn(64, 1, generator: new Generator(4)).exp());
        foreach ((DynamicCode code, Tensor one) in new[] { (signed, values), (unsigned, values.square()) })
        {
            Tensor codes = zeros(64, 256, ScalarType.Byte), scales = zeros(64);
            code.Encode(one, codes, scales);
            Tensor back = code.Decode(codes, scales), relative = (back - one).abs() / scales.unsqueeze(1);
            float error = relative.mean().item<float>();
            Assert.True(error < 0.006, $"the mean error is {error} of the block's largest value");
        }

        // A second moment above zero does not become zero.
        Tensor small = zeros(1, 256), smallCodes = zeros(1, 256, ScalarType.Byte), smallScales = zeros(1);
        small[0, 0] = 1;
        small[0, 1] = 1e-12f;
        unsigned.Encode(small, smallCodes, smallScales);
        Assert.Equal([255, 1, 0], smallCodes.data<byte>().Take(3));

        static float[] Decode(DynamicCode code, byte[] codes) =>
            [.. code.Decode(tensor(codes).unsqueeze(0), ones(1)).data<float>()];
    }

    [Theory, InlineData(false), InlineData(true)]
    public void Adafactor_is_the_papers_update(bool scaled)
    {
        var network = nn.Linear(7, 5);
        var options = new OptimizerOptions { Algorithm = OptimizerAlgorithm.Adafactor, ScaleByParameter = scaled, WeightDecay = 0.1 };
        using var parameters = new FlatParameters(new Dictionary<string, nn.Module> { ["line"] = network });
        using IFlatOptimizer optimizer = FlatOptimizer.Create(parameters, options);
        double[,] weight = Matrix(network.weight!), row = new double[5, 1], column = new double[1, 7];
        double[,] bias = Matrix(network.bias!.unsqueeze(0)), second = new double[1, 5];
        var random = new Generator(2);
        for (int step = 1; step <= 3; step++)
        {
            Tensor g = randn(5, 7, generator: random), b = randn(5, generator: random);
            using (no_grad())
            {
                network.weight!.grad!.copy_(g);
                network.bias!.grad!.copy_(b);
            }

            optimizer.Step(step, 0.02);
            double decay = 1 - Math.Pow(step, -0.8);
            double[,] gradient = Matrix(g), other = Matrix(b.unsqueeze(0));
            for (int i = 0; i < 5; i++)
                row[i, 0] = decay * row[i, 0] + (1 - decay) * Enumerable.Range(0, 7).Average(j => gradient[i, j] * gradient[i, j] + 1e-30);
            for (int j = 0; j < 7; j++)
                column[0, j] = decay * column[0, j]
                    + (1 - decay) * Enumerable.Range(0, 5).Average(i => gradient[i, j] * gradient[i, j] + 1e-30);
            double rows = row.Cast<double>().Average();
            Apply(weight, gradient, (i, j) => row[i, 0] * column[0, j] / rows);
            for (int j = 0; j < 5; j++) second[0, j] = decay * second[0, j] + (1 - decay) * (other[0, j] * other[0, j] + 1e-30);
            Apply(bias, other, (_, j) => second[0, j]);
        }

        Assert.All(weight.Cast<double>().Zip(Matrix(network.weight!).Cast<double>()), p => Assert.Equal(p.First, p.Second, 1e-5));
        Assert.All(bias.Cast<double>().Zip(Matrix(network.bias!.unsqueeze(0)).Cast<double>()), p => Assert.Equal(p.First, p.Second, 1e-5));

        void Apply(double[,] values, double[,] gradient, Func<int, int, double> moment)
        {
            var update = new double[values.GetLength(0), values.GetLength(1)];
            for (int i = 0; i < update.GetLength(0); i++)
                for (int j = 0; j < update.GetLength(1); j++) update[i, j] = gradient[i, j] / Math.Sqrt(moment(i, j));
            double rate = 0.02 * (scaled ? Math.Max(1e-3, Rms(values)) : 1), bound = Math.Max(1, Rms(update));
            for (int i = 0; i < update.GetLength(0); i++)
                for (int j = 0; j < update.GetLength(1); j++)
                    values[i, j] = (1 - 0.1 * rate) * values[i, j] - rate * update[i, j] / bound;
        }

        static double Rms(double[,] values) => Math.Sqrt(values.Cast<double>().Average(v => v * v));

        static double[,] Matrix(Tensor tensor)
        {
            var values = new double[tensor.shape[0], tensor.shape[1]];
            for (int i = 0; i < values.GetLength(0); i++)
                for (int j = 0; j < values.GetLength(1); j++) values[i, j] = tensor[i, j].item<float>();
            return values;
        }
    }

    [Fact]
    public void Settings_that_an_optimizer_does_not_have_are_refused()
    {
        Refused("Beta1 is 0.8", new OptimizerOptions { Algorithm = OptimizerAlgorithm.Adafactor, Beta1 = 0.8 });
        Refused("ScaleByParameter is true", new OptimizerOptions { ScaleByParameter = true });
        Refused("Algorithm is 7", new OptimizerOptions { Algorithm = (OptimizerAlgorithm)7 });

        static void Refused(string named, OptimizerOptions options) => Assert.Contains(
            named, Assert.Throws<ValidationException>(() => new Trainer(new TrainingOptions { Optimizer = options })).Message,
            StringComparison.Ordinal);
    }

    /// <summary>Weights, loss, and bytes of the optimizer's state after a number of steps on a small network.</summary>
    private static (float[] Weights, double Loss, long State, long Parameters) Train(OptimizerAlgorithm algorithm, double rate, int steps)
    {
        using var objective = new Curve();
        using var parameters = new FlatParameters(objective.Modules);
        using IFlatOptimizer optimizer = FlatOptimizer.Create(parameters, Options(algorithm));
        for (int step = 0; step < steps; step++)
        {
            using var generator = new Generator(SeedSequence.ForStep(0, step));
            parameters.ClearGradients();
            objective.Loss(new TrainingStep(step, generator)).backward();
            parameters.ClipGradients(1);
            optimizer.Step(step + 1, rate);
        }

        double loss = objective.Loss(new TrainingStep(0, new Generator(99))).item<float>();
        long state = optimizer.State.Sum(s => s.Value.numel() * s.Value.element_size());
        return (objective.Weights, loss, state, parameters.Length);
    }

    private float[]? Run(OptimizerAlgorithm algorithm, string folder, int? stopAfter = null)
    {
        using var objective = new Curve();
        using var stop = new CancellationTokenSource();
        int done = 0;
        var options = new TrainingOptions
        {
            Steps = 9, CheckpointEvery = 3, EmaDecay = 0,
            Optimizer = Options(algorithm) with { LearningRate = 3e-3, WarmupSteps = 0, Decay = LearningRateDecay.Constant },
        };
        return new Trainer(options).Run(
            objective, _folder[folder], new Report(() => { if (++done == stopAfter) stop.Cancel(); }), stop.Token)
            ? objective.Weights
            : null;
    }

    private static OptimizerOptions Options(OptimizerAlgorithm algorithm) => new() { Algorithm = algorithm, WeightDecay = 0 };

    /// <summary>A network of two layers learns a curve.</summary>
    private sealed class Curve : ITrainingObjective, IDisposable
    {
        private readonly TorchSharp.Modules.Linear _first = nn.Linear(8, 512), _second = nn.Linear(512, 64);

        public Curve()
        {
            using IDisposable noGrad = no_grad();
            foreach ((int i, TorchSharp.Modules.Parameter parameter) in _first.parameters().Concat(_second.parameters()).Index())
                parameter.copy_(randn(parameter.shape, generator: new Generator((ulong)i)) * 0.2);
            Modules = new Dictionary<string, nn.Module> { ["first"] = _first, ["second"] = _second };
        }

        public IReadOnlyDictionary<string, nn.Module> Modules { get; }

        public float[] Weights => [.. _first.parameters().Concat(_second.parameters()).SelectMany(p => p.detach().data<float>())];

        public Tensor Loss(TrainingStep step)
        {
            Tensor x = randn(64, 8, generator: step.Generator), angles = x.matmul(ones(8, 1)) + arange(64).unsqueeze(0) * 0.1;
            return (_second.call(_first.call(x).tanh()) - angles.sin()).square().mean();
        }

        public void Dispose()
        {
            _first.Dispose();
            _second.Dispose();
        }
    }

    private sealed class Report(Action action) : IProgress<TrainingProgress>
    {
        void IProgress<TrainingProgress>.Report(TrainingProgress value) => action();
    }
}
