using TorchSharp.Modules;
using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>
/// Makes the layers that networks consist of, and so decides in one place where parameters live and what they begin as:
/// random for training, or memory that nothing has written yet for a checkpoint to be read into.
/// </summary>
internal sealed class LayerFactory
{
    private readonly Device? _device;
    private readonly ScalarType _type;
    private readonly ParameterBudget _budget;

    private LayerFactory(Device? device, ScalarType type, ParameterBudget budget) => (_device, _type, _budget) = (device, type, budget);

    /// <summary>Parameters at random as in PyTorch, float32 on the CPU. A factory for one network.</summary>
    public static LayerFactory Random => new(null, ScalarType.Float32, ParameterBudget.OfNetwork());

    /// <summary>Parameters that hold whatever the memory held. On the meta device they have shapes and no memory. A factory for one network.</summary>
    public static LayerFactory Uninitialized(Device? device, ScalarType type) => new(device ?? CPU, type, ParameterBudget.OfNetwork());

    /// <summary>The same for a network into which a file is read, whose parameters it refuses to exceed by far.</summary>
    public static LayerFactory For(ITensorSource source, Device? device, ScalarType type) => new(device ?? CPU, type, ParameterBudget.Of(source));

    public Linear Linear(long inChannels, long outChannels, bool bias = true)
    {
        _budget.Take(inChannels, outChannels);
        if (_device is null) return nn.Linear(inChannels, outChannels, bias);
        Linear layer = nn.Linear(inChannels, outChannels, bias, META);
        layer.weight = Empty(outChannels, inChannels);
        if (bias) layer.bias = Empty(outChannels);
        return layer;
    }

    public Conv2d Conv2d(long inChannels, long outChannels, long kernel, long stride = 1, long padding = 0, bool bias = true)
    {
        _budget.Take(inChannels, outChannels, kernel, kernel);
        if (_device is null) return nn.Conv2d(inChannels, outChannels, kernel, stride, padding, bias: bias);
        Conv2d layer = nn.Conv2d(inChannels, outChannels, kernel, stride, padding, bias: bias, device: META);
        layer.weight = Empty(outChannels, inChannels, kernel, kernel);
        if (bias) layer.bias = Empty(outChannels);
        return layer;
    }

    /// <summary>A convolution that begins at zero, so that what it adds begins at nothing (Zhang et al. 2023, section 3.1).</summary>
    public Conv2d ZeroConv2d(long inChannels, long outChannels, long kernel = 1, long padding = 0)
    {
        Conv2d layer = Conv2d(inChannels, outChannels, kernel, padding: padding);
        if (_device is null) Set(layer.weight, layer.bias, weight: 0);
        return layer;
    }

    public GroupNorm GroupNorm(int groups, long channels, double eps)
    {
        if (groups < 1 || channels % groups != 0)
            throw new ArgumentException($"{channels} channels cannot be normalised in {groups} groups: norm_num_groups must divide every entry of block_out_channels.");
        _budget.Take(channels);
        GroupNorm norm = nn.GroupNorm(groups, channels, eps, device: _device is null ? null : META);
        if (_device is null) Set(norm.weight, norm.bias, weight: 1);
        else (norm.weight, norm.bias) = (Empty(channels), Empty(channels));
        return norm;
    }

    public LayerNorm LayerNorm(long channels, double eps = 1e-5)
    {
        _budget.Take(channels);
        LayerNorm norm = nn.LayerNorm(channels, eps, device: _device is null ? null : META);
        if (_device is null) Set(norm.weight, norm.bias, weight: 1);
        else (norm.weight, norm.bias) = (Empty(channels), Empty(channels));
        return norm;
    }

    /// <summary>A table of vectors, normal with a standard deviation.</summary>
    public Embedding Embedding(long count, long width, double standardDeviation = 1)
    {
        _budget.Take(count, width);
        if (_device is not null)
        {
            // Its constructor fills a table on the CPU before it moves it, so it is given a small one.
            Embedding empty = nn.Embedding(1, width, device: META);
            empty.weight = Empty(count, width);
            return empty;
        }

        Embedding layer = nn.Embedding(count, width);
        using IDisposable noGrad = no_grad();
        if (standardDeviation != 1) layer.weight!.MultiplyInPlace(standardDeviation);
        return layer;
    }

    /// <summary>A parameter of its own, normal with a standard deviation.</summary>
    public Parameter Parameter(double standardDeviation, params long[] shape)
    {
        _budget.Take(shape);
        if (_device is not null) return Empty(shape);
        using Tensor values = randn(shape);
        return nn.Parameter(values.Multiply(standardDeviation));
    }

    private Parameter Empty(params long[] shape) => nn.Parameter(empty(shape, _type, _device));

    /// <summary>TorchSharp 0.107 leaves the weight and bias of its normalisations as the memory was found.</summary>
    private static void Set(Tensor? parameter, Tensor? bias, double weight)
    {
        using IDisposable noGrad = no_grad();
        parameter?.FillInPlace(weight);
        bias?.zero_();
    }
}
