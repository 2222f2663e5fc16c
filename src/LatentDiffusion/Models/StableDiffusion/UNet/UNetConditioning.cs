using static TorchSharp.torch;

namespace LatentDiffusion.Models;

/// <summary>
/// Inputs of a U-Net in addition to the sample: the timestep, and where it has them the class, SDXL's added conditions and a
/// projection of the text. Their layers stand at the top of the network, into which they are registered.
/// </summary>
internal sealed class UNetConditioning
{
    private readonly UNet2DConditionConfig _config;
    private readonly SinusoidalEmbedding _sinusoids;
    private readonly FourierEmbedding? _fourier;
    private readonly TimestepEmbedding _time;
    private readonly ClassEmbedding? _class;
    private readonly AddedEmbedding? _added;
    private readonly LinearLayer? _textProjection;
    private readonly Func<Tensor, Tensor>? _activation;

    public UNetConditioning(UNet2DConditionConfig config, LayerFactory layers)
    {
        _config = config;
        _sinusoids = new SinusoidalEmbedding(config.BlockOutChannels[0], config.FlipSinToCos, config.FreqShift);
        if (config.IsFourier) _fourier = new FourierEmbedding(layers, config.TimeChannels / 2, config.FlipSinToCos);
        _time = new TimestepEmbedding(
            layers, config.TimeFeatures, config.TimeChannels, config.ActFn, config.TimeCondProjDim, config.TimestepPostAct);
        if (config.EncoderHidDim is { } width) _textProjection = layers.Linear(width, config.CrossAttentionDim[0]);
        _class = ClassEmbedding.Create(config, layers, TimeFeatures);
        _added = AddedEmbedding.Create(config, layers);
        if (config.TimeEmbeddingActFn is { } name) _activation = Activations.ByName(name);
    }

    /// <summary>Registers the layers in the network under their published names.</summary>
    public void Register(nn.Module network)
    {
        if (_fourier is not null) network.register_module("time_proj", _fourier);
        network.register_module("time_embedding", _time);
        if (_textProjection is not null) network.register_module("encoder_hid_proj", _textProjection);
        if (_class?.Layer is { } layer) network.register_module("class_embedding", layer);
        if (_added is not null) network.register_module("add_embedding", _added.Layer);
    }

    /// <summary>The embedding that goes to every residual block: one for all samples where nothing in it differs.</summary>
    public TimeContext Embed(UNetInput input) => input.Times is { } cached && _class is null && _added is null
        ? new TimeContext(cached.Embedding(() => Compute(input)), cached)
        : new TimeContext(Compute(input));

    private Tensor Compute(UNetInput input)
    {
        using var scope = NewDisposeScope();
        ScalarType type = input.Sample.dtype;
        Tensor embedding = _time.forward(TimeFeatures(input.Timesteps.view(-1)).to(type), input.TimestepCondition);
        if (_class is not null)
        {
            Tensor label = _class.Embed(input).to(type);
            embedding = _config.ClassEmbeddingsConcat
                ? cat([embedding.expand(label.shape[0], -1), label], -1)
                : embedding.Add(label);
        }

        if (_added is not null) embedding = embedding.Add(_added.Embed(input));
        if (_activation is not null) embedding = _activation(embedding);
        return embedding.MoveToOuterDisposeScope();
    }

    /// <summary>The text that blocks attend to, [batch, tokens, width].</summary>
    public Tensor Project(Tensor text) => _textProjection is null ? text : _textProjection.call(text);

    private Tensor TimeFeatures(Tensor values) => _fourier is null ? _sinusoids.Embed(values) : _fourier.call(values);
}
