using LatentDiffusion.Tests.Pipelines;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Schedulers;

/// <summary>Noise: one seed, one stream, as a single image and in a batch.</summary>
[NoTensorLeaks, Collection(LiveTensors.Collection)]
public sealed class GeneratorNoiseTests
{
    [Fact]
    public void The_stream_is_that_of_PyTorch()
    {
        using GeneratorNoise noise = new(42);
        using Tensor drawn = noise.Next(4, 4);
        float[] published = [1.9269153f, 1.4872841f, 0.9007172f];
        // Within rounding: the logarithms and cosines of another instruction set differ in the last bits.
        Assert.All(published.Zip(drawn.data<float>()), pair => Assert.Equal(pair.First, pair.Second, 1e-6f));
    }

    [Fact]
    public void The_global_generator_is_not_touched()
    {
        using DisposeScope scope = NewDisposeScope();
        float[] Draw(bool between)
        {
            using Generator global = manual_seed(7);
            if (between)
            {
                using GeneratorNoise noise = new(1);
                noise.Next(16);
            }

            return [.. randn(16).data<float>()];
        }

        Assert.Equal(Draw(false), Draw(true));
    }

    [Fact]
    public void A_batch_draws_for_each_sample_as_if_alone()
    {
        using DisposeScope scope = NewDisposeScope();
        using GeneratorNoise first = new(1), second = new(2), alone = new(2);
        Tensor like = zeros(2, 4, 4, 4), drawn = new BatchNoise([first, second]).NextLike(like);
        Assert.Equal(like.shape, drawn.shape);
        Assert.True(drawn[1].equal(alone.Next(4, 4, 4)).all().item<bool>());
        Assert.Throws<ArgumentException>(() => new BatchNoise([first]).NextLike(like));
        Assert.Throws<ArgumentException>(() => new BatchNoise([]));
    }

    [Fact]
    public void Noise_takes_the_data_type_and_leaves_one_tensor()
    {
        using GeneratorNoise noise = new(1);
        using Tensor like = zeros(2, 8, dtype: ScalarType.BFloat16);
        using DisposeScope scope = NewDisposeScope();
        Assert.Equal(ScalarType.BFloat16, noise.NextLike(like).dtype);
        Assert.Equal(1, scope.DisposablesCount);
    }
}
