using LatentDiffusion.Evaluation;
using LatentDiffusion.Tests.Pipelines;
using LatentDiffusion.Tests.Training;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Evaluation;

[Collection(LiveTensors.Collection)]
public sealed class ObjectiveLossTests : IDisposable
{
    private readonly DisposeScope _scope = NewDisposeScope();
    private readonly TinyDenoiser.Stripes _images = new(4);
    private readonly AutoencoderKL _network = new AutoencoderKLConfig { BlockOutChannels = [8], NormNumGroups = 2 }.Build();

    public ObjectiveLossTests() => Reference.FormulaWeights.Fill(_network);

    public void Dispose()
    {
        _network.Dispose();
        _scope.Dispose();
    }

    [Fact]
    public void Each_image_is_measured_once_with_noise_of_its_own()
    {
        var options = new AutoencoderTrainingOptions { BatchSize = 1, ChromaWeight = 0, KlWeight = 0.1 };
        double[] losses = new ObjectiveLoss(new AutoencoderObjective(_network, _images, options), 4, seed: 7).PerBatch();
        long[] images = [.. Enumerable.Range(0, 4).Select(i => new BatchIndices(4, 1).IndicesFor(i).Single())];
        Assert.Equal([0, 1, 2, 3], images.Order());
        using IDisposable noGrad = no_grad();
        for (int i = 0; i < 4; i++)
        {
            Tensor pixels = ImageTensor.FromImage(_images.Read(images[i]).Image);
            (Tensor mean, Tensor logVariance) = _network.Encode(pixels);
            Tensor error = _network.Decode(
                mean + (0.5 * logVariance).exp() * randn(mean.shape, generator: new Generator(SeedSequence.ForStep(7, i))))
                    - pixels;
            Tensor divergence = 0.5 * (mean.square() + logVariance.exp() - 1 - logVariance).mean();
            Assert.Equal((error.abs().mean() + error.square().mean() + 0.1 * divergence).item<float>(), losses[i], 1e-5);
        }
    }

    [Fact]
    public void Two_measurements_agree_and_leave_no_state()
    {
        var loss = new ObjectiveLoss(new AutoencoderObjective(_network, _images, new AutoencoderTrainingOptions { BatchSize = 1 }), 4);
        manual_seed(5);
        float[] before = randn(3).data<float>().ToArray();
        manual_seed(5);
        LossEstimate first = loss.Measure();
        Assert.Equal(before, randn(3).data<float>().ToArray());
        Assert.Equal(first, loss.Measure());
        Assert.Equal(4, first.ImageCount);
        Assert.All(_network.parameters(), p => Assert.Null(p.grad));
        Assert.Throws<ArgumentOutOfRangeException>(() => new ObjectiveLoss(new TinyObjective(), 0));
    }
}
