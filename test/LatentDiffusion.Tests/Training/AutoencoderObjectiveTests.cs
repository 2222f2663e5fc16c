using System.ComponentModel.DataAnnotations;
using LatentDiffusion.Tests.Pipelines;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Training;

[Collection(LiveTensors.Collection)]
public sealed class AutoencoderObjectiveTests
{
    [Fact]
    public void The_loss_is_the_weighted_sum_of_its_parts()
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGrad = no_grad();
        AutoencoderKL network = new AutoencoderKLConfig { BlockOutChannels = [8], NormNumGroups = 2 }.Build();
        Reference.FormulaWeights.Fill(network);
        var source = new SingleImage();
        var options = new AutoencoderTrainingOptions
        {
            BatchSize = 1, AbsoluteWeight = 0.3, SquaredWeight = 0.5, ChromaWeight = 0.7, KlWeight = 0.11
        };
        double actual = new AutoencoderObjective(network, source, options).Loss(new TrainingStep(0, new Generator(4))).item<float>();

        Tensor pixels = ImageTensor.FromImage(source.Read(0).Image);
        (Tensor mean, Tensor logVariance) = network.Encode(pixels);
        float[] m = mean.data<float>().ToArray(), v = logVariance.data<float>().ToArray();
        double divergence = m.Zip(v).Average(p => 0.5 * (p.First * p.First + Math.Exp(p.Second) - 1 - p.Second));
        Tensor latents = mean + (0.5 * logVariance).exp() * randn(mean.shape, generator: new Generator(4));
        float[] e = (network.Decode(latents) - pixels).data<float>().ToArray();
        int plane = e.Length / 3;
        double chroma = Enumerable.Range(0, plane).Average(i => Math.Abs(e[i] - e[plane + i]) + Math.Abs(e[2 * plane + i] - e[plane + i]));
        double expected = 0.3 * e.Average(Math.Abs) + 0.5 * e.Average(x => x * x) + 0.7 * chroma + 0.11 * divergence;
        Assert.Equal(expected, actual, 1e-5);
    }

    [Fact]
    public void Gradients_agree_with_finite_differences()
    {
        using DisposeScope scope = NewDisposeScope();
        AutoencoderKL network = new AutoencoderKLConfig { BlockOutChannels = [8], NormNumGroups = 2 }.Build();
        Reference.FormulaWeights.Fill(network);
        network.to(ScalarType.Float64);
        var options = new AutoencoderTrainingOptions
        {
            BatchSize = 1, AbsoluteWeight = 0.3, SquaredWeight = 0.5, ChromaWeight = 0.7, KlWeight = 0.11
        };
        var objective = new AutoencoderObjective(network, new SingleImage(), options);
        FiniteDifferences.Agree(() => objective.Loss(new TrainingStep(0, new Generator(4))), FiniteDifferences.Parameters(network));
    }

    [Fact]
    public void A_crop_larger_than_an_image_is_named()
    {
        using AutoencoderKL network = new AutoencoderKLConfig { BlockOutChannels = [8], NormNumGroups = 2 }.Build();
        var objective = new AutoencoderObjective(
            network,
            new SingleImage(),
            new AutoencoderTrainingOptions { BatchSize = 1, CropSize = 24 });
        Assert.Contains(
            "CropSize is 24, and 'one' is 16 x 16",
            Assert.Throws<ArgumentException>(() => objective.Loss(new TrainingStep(0, new Generator(4)))).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Options_out_of_range_are_named()
    {
        using AutoencoderKL network = new AutoencoderKLConfig { BlockOutChannels = [8], NormNumGroups = 2 }.Build();
        var e = Assert.Throws<ValidationException>(
            () => new AutoencoderObjective(network, new SingleImage(), new AutoencoderTrainingOptions { KlWeight = -1 }));
        Assert.Contains("KlWeight", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(TrainingPrecision.Float32)]
    [InlineData(TrainingPrecision.BFloat16)]
    public void Where_the_encoder_is_kept_the_decoder_alone_learns(TrainingPrecision precision)
    {
        manual_seed(1);
        using AutoencoderKL gaussian = new AutoencoderKLConfig { BlockOutChannels = [8], NormNumGroups = 2 }.Build();
        using VQModel coded = new VQConfig { BlockOutChannels = [8], NormNumGroups = 2, LatentChannels = 2, NumVqEmbeddings = 7 }.Build();
        var options = new AutoencoderTrainingOptions { BatchSize = 1, TrainEncoder = false };
        Learns(gaussian, new AutoencoderObjective(gaussian, new SingleImage(), options));
        Learns(coded, new VQObjective(coded, new SingleImage(), options));

        void Learns(nn.Module network, ITrainingObjective objective)
        {
            Dictionary<string, byte[]> Weights() => network.state_dict().ToDictionary(p => p.Key, p => p.Value.bytes.ToArray());
            using var folder = new TemporaryFolder();
            Dictionary<string, byte[]> before = Weights();
            new Trainer(new TrainingOptions
            {
                Steps = 3, CheckpointEvery = 3, Precision = precision,
                Optimizer = new OptimizerOptions { WarmupSteps = 1, WeightDecay = 0.1 }
            }).Run(objective, folder["run"]);
            foreach ((string name, byte[] after) in Weights())
                Assert.True(
                    before[name].SequenceEqual(after)
                        == (!name.StartsWith("decoder.", StringComparison.Ordinal)
                            && !name.StartsWith("post_quant_conv.", StringComparison.Ordinal)),
                    name);
        }
    }

    [Fact]
    public void The_loss_of_a_decoder_alone_is_that_of_the_pixels()
    {
        using DisposeScope scope = NewDisposeScope();
        AutoencoderKL network = new AutoencoderKLConfig { BlockOutChannels = [8], NormNumGroups = 2 }.Build();
        Reference.FormulaWeights.Fill(network);
        network.to(ScalarType.Float64);
        var options = new AutoencoderTrainingOptions { BatchSize = 1, KlWeight = 0.7, TrainEncoder = false };
        double Loss(AutoencoderTrainingOptions how) =>
            new AutoencoderObjective(network, new SingleImage(), how).Loss(new TrainingStep(0, new Generator(4))).item<double>();
        Assert.Equal(Loss(options with { KlWeight = 0, TrainEncoder = true }), Loss(options), 1e-12);
        var objective = new AutoencoderObjective(network, new SingleImage(), options);
        FiniteDifferences.Agree(
            () => objective.Loss(new TrainingStep(0, new Generator(4))),
            [.. network.named_parameters()
                .Where(p => p.name.StartsWith("decoder.", StringComparison.Ordinal))
                .Select(p => (Tensor)p.parameter)]);
    }

    [Fact]
    public void One_image_is_learned()
    {
        using var folder = new TemporaryFolder();
        manual_seed(1);
        using AutoencoderKL network = new AutoencoderKLConfig
        {
            BlockOutChannels = [16, 32], NormNumGroups = 1,
            DownBlockTypes = ["DownEncoderBlock2D", "DownEncoderBlock2D"],
            UpBlockTypes = ["UpDecoderBlock2D", "UpDecoderBlock2D"],
        }.Build();
        double first = 0, last = 0;
        new Trainer(new TrainingOptions
        {
            Steps = 150, CheckpointEvery = 150, EmaDecay = 0,
            Optimizer = new OptimizerOptions { LearningRate = 3e-3, WarmupSteps = 10 }
        }).Run(
            new AutoencoderObjective(network, new SingleImage(), new AutoencoderTrainingOptions { BatchSize = 1, KlWeight = 1e-6 }),
            folder["run"], new Report(p => { if (p.Step == 1) first = p.Loss; last = p.Loss; }));
        Assert.True(last < 0.15 * first, $"the loss went from {first} to {last}");
    }

    private sealed class SingleImage : ICaptionedImageSource
    {
        public long? Count => 1;

        public CaptionedImage Read(long index)
        {
            byte[] rgb =
            [
                .. Enumerable.Range(0, 16 * 16)
                    .SelectMany(i => i % 16 < 8 ? [(byte)230, 40, 30] : new byte[] { 30, (byte)(i / 16 * 16), 220 })
            ];
            return new CaptionedImage(new ImageBuffer(16, 16, rgb), "two colours", "one");
        }
    }

    private sealed class Report(Action<TrainingProgress> action) : IProgress<TrainingProgress>
    {
        void IProgress<TrainingProgress>.Report(TrainingProgress value) => action(value);
    }
}
