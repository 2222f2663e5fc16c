using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Runtime;

/// <summary>
/// libtorch's convolutions and products on this machine, with numbers of channels that oneDNN pads in blocked weights: on a CPU that hides
/// its caches they were wrong (OneDnnCaches).
/// </summary>
public sealed class OneDnnTests
{
    private const double Tolerance = 1e-4;

    public static TheoryData<int, int, int> Geometries()
    {
        var data = new TheoryData<int, int, int>();
        foreach (int inputs in (int[])[3, 4, 20, 32, 128])
            foreach (int outputs in (int[])[3, 4, 40, 48, 320])
                foreach (int kernel in (int[])[1, 3]) data.Add(inputs, outputs, kernel);
        return data;
    }

    [Theory, MemberData(nameof(Geometries))]
    public void Convolutions_and_their_gradients_are_right(int inputs, int outputs, int kernel)
    {
        using DisposeScope scope = NewDisposeScope();
        var random = new Generator(1);
        Tensor input = randn([2, inputs, 7, 7], generator: random), weight = randn([outputs, inputs, kernel, kernel], generator: random);
        Tensor slope = randn([2, outputs, 7, 7], generator: random);
        (Tensor[] plain, Tensor[] exact) = (Compute(input, weight, slope), Compute(Wide(input), Wide(weight), Wide(slope)));
        Tensor[] lastInMemory = Compute(ChannelsLast(input), ChannelsLast(weight), ChannelsLast(slope));
        foreach ((Tensor expected, Tensor found) in exact.Concat(exact).Zip(plain.Concat(lastInMemory)))
            Assert.InRange((Wide(found) - expected).abs().max().item<double>(), 0, Tolerance * expected.abs().max().item<double>());
    }

    [Theory, InlineData(1, 20, 40), InlineData(77, 32, 40), InlineData(64, 320, 72), InlineData(5, 33, 100)]
    public void Products_in_bfloat16_are_right(int rows, int inputs, int outputs)
    {
        using DisposeScope scope = NewDisposeScope();
        var random = new Generator(2);
        Tensor left = randn([rows, inputs], generator: random).to(ScalarType.BFloat16);
        Tensor right = randn([outputs, inputs], generator: random).to(ScalarType.BFloat16);
        Tensor expected = Wide(left).mm(Wide(right).t()), found = Wide(nn.functional.linear(left, right));
        const double Rounding = 0.01;
        Assert.InRange((found - expected).abs().max().item<double>(), 0, Rounding * expected.abs().max().item<double>());
    }

    private static Tensor[] Compute(Tensor input, Tensor weight, Tensor slope)
    {
        (input, weight) = (input.detach().requires_grad_(), weight.detach().requires_grad_());
        long padding = weight.shape[2] / 2;
        Tensor output = nn.functional.conv2d(input, weight, padding: [padding, padding]);
        output.backward([slope]);
        return [output.detach(), input.grad!, weight.grad!];
    }

    private static Tensor Wide(Tensor tensor) => tensor.to(ScalarType.Float64);

    private static Tensor ChannelsLast(Tensor tensor) => tensor.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2);
}
