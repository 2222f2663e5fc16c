using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Training.Growth;

public sealed class DenoiserGrowthTests : IDisposable
{
    private const float Tolerance = 2e-5f;

    private readonly DisposeScope _scope = NewDisposeScope();
    private readonly IDisposable _noGrad = no_grad();

    [Theory]
    [InlineData(4)]
    [InlineData(8)]
    public void The_output_of_the_first_channels_stays_whatever_the_others_contain(int outChannels)
    {
        using UNet2DConditionModel small = Small(outChannels);
        using UNet2DConditionModel large = DenoiserGrowth.AddLatentChannels(small, 6);
        Tensor latents = randn(2, 6, 8, 8), timesteps = tensor(new long[] { 10, 700 }), text = randn(2, 5, 16);

        Tensor expected = small.call(new UNetInput(latents.narrow(1, 0, 4), timesteps, text)),
            actual = large.call(new UNetInput(latents, timesteps, text));

        Assert.Equal([2, outChannels / 4 * 6, 8, 8], actual.shape);
        foreach (int output in Enumerable.Range(0, outChannels / 4))
        {
            AssertClose(expected.narrow(1, output * 4, 4), actual.narrow(1, output * 6, 4));
            Assert.Equal(0, actual.narrow(1, output * 6 + 4, 2).abs().max().item<float>());
        }
    }

    [Fact]
    public void Networks_that_cannot_grow_are_refused()
    {
        using UNet2DConditionModel small = Small(4);
        Assert.Throws<ArgumentOutOfRangeException>(() => DenoiserGrowth.AddLatentChannels(small, 3));

        using UNet2DConditionModel inpainting = (small.Config with { InChannels = 9 }).Build();
        ArgumentException refused = Assert.Throws<ArgumentException>(() => DenoiserGrowth.AddLatentChannels(inpainting, 9));
        Assert.Contains("has 9 in_channels and 4 out_channels", refused.Message, StringComparison.Ordinal);
    }

    public void Dispose()
    {
        _noGrad.Dispose();
        _scope.Dispose();
    }

    private static UNet2DConditionModel Small(int outChannels)
    {
        manual_seed(1);
        return new UNet2DConditionConfig
        {
            SampleSize = 8, OutChannels = outChannels, BlockOutChannels = [16, 32], NormNumGroups = 8, LayersPerBlock = 1,
            CrossAttentionDim = 16, AttentionHeadDim = 2,
            DownBlockTypes = ["CrossAttnDownBlock2D", "DownBlock2D"], UpBlockTypes = ["UpBlock2D", "CrossAttnUpBlock2D"],
        }.Build();
    }

    private static void AssertClose(Tensor expected, Tensor actual) =>
        Assert.InRange((expected - actual).abs().max().item<float>(), 0, Tolerance);
}
