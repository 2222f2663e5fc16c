using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Training;

public sealed class AdversarialTests : IDisposable
{
    private static readonly AutoencoderTrainingOptions s_options = new() { BatchSize = 2, AdversarialWeight = 0.7 };

    private readonly DisposeScope _scope = NewDisposeScope();
    private readonly TemporaryFolder _folder = new();
    private readonly TinyDenoiser.Stripes _images = new(4);

    public void Dispose()
    {
        _scope.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void Each_network_gets_the_gradient_of_its_own_loss()
    {
        (AutoencoderKL network, PatchDiscriminator discriminator) = Networks();
        network.to(ScalarType.Float64);
        discriminator.to(ScalarType.Float64);
        var objective = new AutoencoderObjective(
            network,
            _images,
            s_options with { AdaptiveAdversarialWeight = false },
            discriminator: discriminator);
        // The autoencoder's: everything but the discriminator's own loss. The discriminator's: that alone.
        FiniteDifferences.Agree(() => Loss(objective).Value, FiniteDifferences.Parameters(network), () =>
        {
            using IDisposable noGrad = no_grad();
            (Tensor value, TrainingStep step) = Loss(objective);
            return value.item<double>() - step.Metrics["discriminator"];
        }, tolerance: 1e-6);
        FiniteDifferences.Agree(() => Loss(objective).Value, FiniteDifferences.Parameters(discriminator), () =>
        {
            using IDisposable noGrad = no_grad();
            return Loss(objective).Step.Metrics["discriminator"];
        }, tolerance: 1e-6);
    }

    [Fact]
    public void The_adaptive_weight_is_the_ratio_of_last_layer_norms()
    {
        (AutoencoderKL network, PatchDiscriminator discriminator) = Networks();
        var options = s_options with { KlWeight = 0, SquaredWeight = 0 };
        double factor = Loss(new AutoencoderObjective(network, _images, options, discriminator: discriminator))
            .Step.Metrics["adversarial_factor"];

        Tensor last = network.named_parameters().First(p => p.name == "decoder.conv_out.weight").parameter;
        Tensor pixels = ImageTensor.FromImages([.. new BatchIndices(4, 2).IndicesFor(0).Select(i => _images.Read(i).Image)]);
        double own = Norm(reconstruction => (reconstruction - pixels).abs().mean());
        double adversarial = Norm(reconstruction => -discriminator.call(reconstruction).mean());
        Assert.Equal(1, factor / (own / (adversarial + 1e-4)), 1e-4);

        double Norm(Func<Tensor, Tensor> loss)
        {
            last.grad?.zero_();
            (Tensor mean, Tensor logVariance) = network.Encode(pixels);
            loss(network.Decode(mean + (0.5 * logVariance).exp() * randn(mean.shape, generator: new Generator(4)))).backward();
            return last.grad!.norm().item<float>();
        }
    }

    [Fact]
    public void The_adversary_begins_at_its_step()
    {
        (AutoencoderKL network, PatchDiscriminator discriminator) = Networks();
        var objective = new AutoencoderObjective(network, _images, s_options with { AdversarialStart = 3 }, discriminator: discriminator);
        Assert.DoesNotContain("discriminator", Loss(objective, 2).Step.Metrics.Keys);
        Assert.Contains("discriminator", Loss(objective, 3).Step.Metrics.Keys);
        Assert.All(discriminator.parameters(), p => Assert.True(p.requires_grad));
        Assert.Throws<ArgumentException>(() => new AutoencoderObjective(network, _images, s_options));
        Assert.Throws<ArgumentException>(
            () => new AutoencoderObjective(network, _images, s_options with { AdversarialWeight = 0 }, discriminator: discriminator));
    }

    [Fact]
    public void A_cancelled_adversarial_run_resumes_to_the_same_weights()
    {
        Dictionary<string, float[]> whole = Train("whole", null), resumed = Train("resumed", 3);
        Assert.Equal(whole.Keys.Order(), resumed.Keys.Order());
        foreach ((string name, float[] values) in whole) Assert.Equal(values, resumed[name]);

        Dictionary<string, float[]> Train(string run, int? stopAfter)
        {
            while (true)
            {
                (AutoencoderKL network, PatchDiscriminator discriminator) = Networks();
                var objective = new AutoencoderObjective(
                    network,
                    _images,
                    s_options with { AdversarialStart = 2 },
                    discriminator: discriminator);
                using var stop = new CancellationTokenSource();
                int done = 0;
                var options = new TrainingOptions
                {
                    Steps = 6, CheckpointEvery = 2,
                    Optimizer = new OptimizerOptions
                    {
                        WarmupSteps = 0, LearningRate = 1e-3, ClipByComponent = true,
                        ComponentRates = new Dictionary<string, double> { ["discriminator"] = 0.5 }
                    },
                };
                bool finished = new Trainer(options).Run(
                    objective,
                    _folder[run],
                    new Report(_ => { if (++done == stopAfter) stop.Cancel(); }),
                    stop.Token);
                if (!finished) continue;
                return network.named_parameters()
                    .Concat(discriminator.named_parameters())
                    .ToDictionary(p => p.name, p => p.parameter.data<float>().ToArray());
            }
        }
    }

    private static (AutoencoderKL, PatchDiscriminator) Networks()
    {
        AutoencoderKL network = new AutoencoderKLConfig { BlockOutChannels = [8], NormNumGroups = 2 }.Build();
        PatchDiscriminator discriminator = new PatchDiscriminatorConfig { Channels = 4, Layers = 2, NormNumGroups = 2 }.Build();
        Reference.FormulaWeights.Fill(network);
        Reference.FormulaWeights.Fill(discriminator);
        return (network, discriminator);
    }

    private static (Tensor Value, TrainingStep Step) Loss(AutoencoderObjective objective, long at = 0)
    {
        var step = new TrainingStep(0, new Generator(4)) { Step = at };
        return (objective.Loss(step), step);
    }

    private sealed class Report(Action<TrainingProgress> action) : IProgress<TrainingProgress>
    {
        void IProgress<TrainingProgress>.Report(TrainingProgress value) => action(value);
    }
}
