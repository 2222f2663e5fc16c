using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Training.Growth;

public sealed class AutoencoderGrowthTests : IDisposable
{
    private const float Tolerance = 2e-4f;

    private readonly DisposeScope _scope = NewDisposeScope();
    private readonly IDisposable _noGrad = no_grad();

    [Theory]
    [InlineData(true, 1)]
    [InlineData(false, 2)]
    public void Latents_of_enlarged_images_are_those_of_the_smaller_network(bool hasQuantConv, int layers)
    {
        using AutoencoderKL small = Small(
            Config() with { UseQuantConv = hasQuantConv, UsePostQuantConv = hasQuantConv, LayersPerBlock = layers });
        using AutoencoderKL large = AutoencoderGrowth.AddLevel(small, 5);
        Tensor images = rand(2, 3, 16, 24) * 2 - 1;

        (Tensor mean, Tensor logVariance) = small.Encode(images);
        (Tensor largeMean, Tensor largeLogVariance) = large.Encode(Repeated(images));

        Assert.Equal([2, 5, 8, 12], largeMean.shape);
        AssertClose(mean, largeMean.narrow(1, 0, 2));
        AssertClose(logVariance, largeLogVariance.narrow(1, 0, 2));
        // New channels are there to be learned, and almost without noise.
        Assert.True(largeMean.narrow(1, 2, 3).std().item<float>() > 0);
        AssertClose(full_like(largeLogVariance.narrow(1, 2, 3), -4), largeLogVariance.narrow(1, 2, 3));
    }

    [Fact]
    public void Reconstructions_are_those_of_the_smaller_network_enlarged()
    {
        using AutoencoderKL small = Small(Config());
        // A last convolution that reads single positions does not see where pixels were repeated.
        Tensor last = small.state_dict()["decoder.conv_out.weight"], center = last[.., .., 1, 1].clone();
        last.zero_();
        last[.., .., 1, 1].copy_(center);
        using AutoencoderKL large = AutoencoderGrowth.AddLevel(small, 5);
        Tensor latents = randn(2, 5, 8, 8);

        AssertClose(Repeated(small.Decode(latents.narrow(1, 0, 2))), large.Decode(latents));
    }

    [Fact]
    public void Everything_new_learns()
    {
        using AutoencoderKL small = Small(Config());
        using AutoencoderKL large = AutoencoderGrowth.AddLevel(small, 5);
        using IDisposable grad = enable_grad();
        large.forward(rand(1, 3, 32, 32) * 2 - 1).square().mean().backward();

        string[] names = ["encoder.conv_in", "encoder.down_blocks.0.resnets.0.conv2", "encoder.down_blocks.0.downsamplers.0.conv",
            "decoder.conv_in", "decoder.up_blocks.1.upsamplers.0.conv", "decoder.up_blocks.2.resnets.1.conv2"];
        Dictionary<string, Tensor?> gradients = large.named_parameters().ToDictionary(p => p.name, p => p.parameter.grad);
        Assert.All(names, name => Assert.True(gradients[name + ".weight"]!.abs().sum().item<float>() > 0, name));
        Assert.All(Enumerable.Range(2, 3), channel => Assert.True(
            gradients["decoder.conv_in.weight"]!.select(1, channel).abs().sum().item<float>() > 0));
    }

    [Fact]
    public void The_configuration_is_that_of_a_published_autoencoder()
    {
        using AutoencoderKL small = Small(Config() with { LatentsMean = [0.1, 0.2], LatentsStd = [2, 3] });
        using AutoencoderKL large = AutoencoderGrowth.AddLevel(small, 3);

        AutoencoderKLConfig config = AutoencoderKLConfig.FromJson(large.Config.ToJson());
        Assert.Equal([12, 12, 16], config.BlockOutChannels);
        Assert.Equal(64, config.SampleSize[0]);
        Assert.Equal([0.1, 0.2, 0], config.LatentsMean!.Value);
        Assert.Equal([2.0, 3, 1], config.LatentsStd!.Value);
        Assert.Equal(4, LatentAutoencoder.Create(large).DownsamplingFactor);
    }

    [Fact]
    public void Networks_that_cannot_grow_are_refused()
    {
        using AutoencoderKL small = Small(Config());
        Assert.Equal("latentChannels", Assert.Throws<ArgumentOutOfRangeException>(() => AutoencoderGrowth.AddLevel(small, 1)).ParamName);

        using AutoencoderKL narrow = Small(Config() with { BlockOutChannels = [8, 16] });
        ArgumentException refused = Assert.Throws<ArgumentException>(() => AutoencoderGrowth.AddLevel(narrow, 2));
        Assert.Contains(
            "has 8 channels at the highest resolution and images of 3; expected at least 12", refused.Message, StringComparison.Ordinal);
    }

    public void Dispose()
    {
        _noGrad.Dispose();
        _scope.Dispose();
    }

    private static AutoencoderKLConfig Config() => new()
    {
        BlockOutChannels = [12, 16], NormNumGroups = 4, LatentChannels = 2, SampleSize = 32,
        DownBlockTypes = ["DownEncoderBlock2D", "DownEncoderBlock2D"], UpBlockTypes = ["UpDecoderBlock2D", "UpDecoderBlock2D"],
    };

    private static AutoencoderKL Small(AutoencoderKLConfig config)
    {
        manual_seed(1);
        return config.Build();
    }

    private static Tensor Repeated(Tensor images) => images.repeat_interleave(2, 2).repeat_interleave(2, 3);

    private static void AssertClose(Tensor expected, Tensor actual) =>
        Assert.InRange((expected - actual).abs().max().item<float>(), 0, Tolerance);
}
