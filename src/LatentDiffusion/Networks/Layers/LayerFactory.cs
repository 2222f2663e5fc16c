using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>
/// Makes the layers that networks consist of, and so decides in one place where parameters live and what they begin as:
/// random for training, or memory that nothing has written yet for a checkpoint to be read into.
/// </summary>
internal sealed class LayerFactory
{
    private readonly Device? _device;
    private readonly ScalarType _type;
    private readonly ParameterBudget _budget;
    private readonly bool _keepsStored;

    private LayerFactory(Device? device, ScalarType type, ParameterBudget budget, bool keepsStored = false) =>
        (_device, _type, _budget, _keepsStored) = (device, type, budget, keepsStored);

    /// <summary>Parameters at random as in PyTorch, float32 on the CPU. A factory for one network.</summary>
    public static LayerFactory Random => new(null, ScalarType.Float32, ParameterBudget.ForNetwork());

    /// <summary>
    /// Parameters that hold whatever the memory held. On the meta device they have shapes and no memory. A factory for one network.
    /// </summary>
    public static LayerFactory Uninitialized(Device? device, ScalarType type) => new(device ?? CPU, type, ParameterBudget.ForNetwork());

    /// <summary>
    /// The same for a network into which a file is read, whose parameters it refuses to exceed by far. Where weights are kept as the
    /// source stores them, those of linear layers have no memory until the source is read
    /// (<see cref="StateDict.Load(torch.nn.Module, ITensorSource, Func{string, string}?)"/>).
    /// </summary>
    /// <exception cref="NotSupportedException">Weights are to be kept as stored on another device than the CPU.</exception>
    public static LayerFactory For(ITensorSource source, CheckpointOptions options)
    {
        bool keepsStored = options.Storage == WeightStorage.AsStored;
        if (keepsStored && (options.Device ?? CPU).type != DeviceType.CPU)
        {
            throw new NotSupportedException(
                $"The device is {options.Device}; weights are kept as stored ({nameof(WeightStorage)}.{options.Storage}) on the CPU only.");
        }

        return new LayerFactory(options.Device ?? CPU, options.TypeFor(source), ParameterBudget.ForSource(source), keepsStored);
    }

    public LinearLayer Linear(long inChannels, long outChannels, bool bias = true)
    {
        _budget.Take(inChannels, outChannels);
        return new LinearLayer(Matrix(outChannels, inChannels), bias ? Bias(outChannels, inChannels) : null) { KeepsStored = _keepsStored };
    }

    /// <summary>A linear layer with as many gates as outputs (<see cref="LinearLayer.Gate"/>).</summary>
    public LinearLayer GatedLinear(long inChannels, long outChannels)
    {
        _budget.Take(inChannels, 2 * outChannels);
        return new LinearLayer(Matrix(2 * outChannels, inChannels), Bias(2 * outChannels, inChannels), isGated: true)
        {
            KeepsStored = _keepsStored,
        };
    }

    public Conv2dLayer Conv2d(long inChannels, long outChannels, long kernel, long stride = 1, long padding = 0, bool bias = true)
    {
        _budget.Take(inChannels, outChannels, kernel, kernel);
        Parameter weight = Weight(outChannels, inChannels, kernel, kernel);
        return new Conv2dLayer(weight, bias ? Bias(outChannels, inChannels * kernel * kernel) : null, stride, padding);
    }

    /// <summary>A 3×3 convolution that keeps the size, also for <see cref="Conv2dLayer.ConvolveDoubled"/>.</summary>
    public Conv2dLayer DoublingConv2d(long channels)
    {
        const long Kernel = 3;
        _budget.Take(channels, channels, Kernel, Kernel);
        Parameter weight = Weight(channels, channels, Kernel, Kernel);
        return new Conv2dLayer(weight, Bias(channels, channels * Kernel * Kernel), stride: 1, padding: 1, doubles: true);
    }

    /// <summary>A convolution that begins at zero, so that it adds nothing at first (Zhang et al. 2023, section 3.1).</summary>
    public Conv2dLayer ZeroConv2d(long inChannels, long outChannels, long kernel = 1, long padding = 0)
    {
        Conv2dLayer layer = Conv2d(inChannels, outChannels, kernel, padding: padding);
        if (_device is null) foreach (Parameter parameter in layer.parameters()) Fill(parameter, 0);
        return layer;
    }

    public GroupNormLayer GroupNorm(int groups, long channels, double eps)
    {
        if (groups < 1 || channels % groups != 0)
            throw new ArgumentException(
                $"{channels} channels cannot be normalised in {groups} groups: "
                    + "norm_num_groups must divide every entry of block_out_channels.");
        _budget.Take(channels);
        return new GroupNormLayer(Constant(1, channels), Constant(0, channels), groups, eps);
    }

    public LayerNormLayer LayerNorm(long channels, double eps = 1e-5)
    {
        _budget.Take(channels);
        return new LayerNormLayer(Constant(1, channels), Constant(0, channels), eps);
    }

    public RmsNormLayer RmsNorm(long channels, double eps)
    {
        _budget.Take(channels);
        return new RmsNormLayer(Constant(1, channels), eps);
    }

    /// <summary>An activation with a slope for each channel, 0.25 at first as in PyTorch.</summary>
    public PReluLayer PRelu(long channels)
    {
        _budget.Take(channels);
        return new PReluLayer(Constant(0.25, channels));
    }

    /// <summary>Statistics of channels: mean 0 and variance 1 until a checkpoint is read.</summary>
    public RunningStatistics RunningStatistics(long channels)
    {
        _budget.Take(channels);
        return new RunningStatistics(
            zeros(channels, _type, _device).DetachFromDisposeScope(), ones(channels, _type, _device).DetachFromDisposeScope(),
            zeros([], ScalarType.Int64, _device).DetachFromDisposeScope());
    }

    /// <summary>A table that the class computes and nothing trains: a buffer, which a checkpoint may have too.</summary>
    /// <param name="values">Computes it; not called for a network into which a checkpoint is read.</param>
    /// <param name="shape">Its shape.</param>
    public Tensor Table(Func<Tensor> values, params long[] shape)
    {
        _budget.Take(shape);
        return (_device is null ? values() : empty(shape, _type, _device)).DetachFromDisposeScope();
    }

    /// <summary>A table of vectors of tokens, normal with a standard deviation; it may be kept as stored.</summary>
    public nn.Module<Tensor, Tensor> TokenTable(long count, long width, double standardDeviation = 1)
    {
        if (!_keepsStored) return Embedding(count, width, standardDeviation);
        _budget.Take(count, width);
        return new StoredTable(Matrix(count, width)) { KeepsStored = true };
    }

    /// <summary>A table of vectors, normal with a standard deviation.</summary>
    public Embedding Embedding(long count, long width, double standardDeviation = 1)
    {
        _budget.Take(count, width);
        // Its constructor fills a table on the CPU before it moves it, so one without random values is given a small one.
        Embedding layer = _device is null ? nn.Embedding(count, width) : nn.Embedding(1, width, device: META);
        Parameter table = layer.named_parameters(recurse: false).Single().parameter;
        if (_device is not null)
        {
            layer.weight = Empty(count, width);
            // The layer forgets its old table without disposing it.
            table.Dispose();
        }
        else if (standardDeviation != 1)
        {
            using IDisposable noGrad = no_grad();
            table.MultiplyInPlace(standardDeviation);
        }

        return layer;
    }

    /// <summary>A parameter with normal values of a standard deviation.</summary>
    public Parameter Parameter(double standardDeviation, params long[] shape)
    {
        _budget.Take(shape);
        if (_device is not null) return Empty(shape);
        using Tensor values = randn(shape);
        return Kept(nn.Parameter(values.Multiply(standardDeviation)));
    }

    /// <summary>Moves a network that was built without the factory to where its layers would be.</summary>
    public T Place<T>(T network) where T : nn.Module
    {
        if (_device is not null) network.to(_type).to(_device);
        return network;
    }

    /// <summary>A weight that may be kept as stored. Until the source is read it then has a shape and no memory.</summary>
    private Parameter Matrix(long rows, long columns) =>
        _keepsStored ? Kept(nn.Parameter(empty([rows, columns], _type, META), requires_grad: false)) : Weight(rows, columns);

    /// <summary>Uniform in ±1/√fan-in, as PyTorch's linear layers and convolutions begin.</summary>
    private Parameter Weight(params long[] shape)
    {
        Parameter weight = Empty(shape);
        if (_device is null) nn.init.kaiming_uniform_(weight, Math.Sqrt(5));
        return weight;
    }

    private Parameter Bias(long count, long fanIn)
    {
        Parameter bias = Empty(count);
        double bound = fanIn > 0 ? 1 / Math.Sqrt(fanIn) : 0;
        if (_device is null) nn.init.uniform_(bias, -bound, bound);
        return bias;
    }

    private Parameter Constant(double value, long count)
    {
        Parameter parameter = Empty(count);
        if (_device is null) Fill(parameter, value);
        return parameter;
    }

    private Parameter Empty(params long[] shape) => Kept(nn.Parameter(empty(shape, _type, _device)));

    /// <summary>A layer's parameters are the layer's, whatever dispose scope it is built in.</summary>
    private static Parameter Kept(Parameter parameter) => (Parameter)parameter.DetachFromDisposeScope();

    private static void Fill(Parameter parameter, double value)
    {
        using IDisposable noGrad = no_grad();
        parameter.FillInPlace(value);
    }
}
