using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>The condition of all blocks: embeddings of the timestep, of the guidance scale and of the pooled text, added up.</summary>
internal sealed class TimeTextEmbedding : LayerGroup
{
    [ComponentName(Name = "timestep_embedder")] private readonly TimestepEmbedding _time;
    [ComponentName(Name = "guidance_embedder")] private readonly TimestepEmbedding? _guidance;
    [ComponentName(Name = "text_embedder")] private readonly TimestepEmbedding? _text;
    private readonly SinusoidalEmbedding _sinusoids;

    /// <param name="layers">Makes the layers.</param>
    /// <param name="width">Width of the embedding.</param>
    /// <param name="pooledWidth">Width of the pooled text; null where none is read.</param>
    /// <param name="guidance">Whether the guidance scale is read.</param>
    /// <param name="channels">Features of a number.</param>
    /// <param name="bias">Whether the layers have biases.</param>
    public TimeTextEmbedding(LayerFactory layers, int width, int? pooledWidth, bool guidance = false, int channels = 256, bool bias = true)
        : base(nameof(TimeTextEmbedding))
    {
        _sinusoids = new SinusoidalEmbedding(channels, flipSinToCos: true, frequencyShift: 0);
        _time = Embedder(channels);
        if (guidance) _guidance = Embedder(channels);
        if (pooledWidth is { } pooled) _text = Embedder(pooled);
        RegisterComponents();

        TimestepEmbedding Embedder(int features) => new(layers, features, width, "silu", bias: bias);
    }

    /// <param name="timesteps">Numbers of up to 1000, [batch].</param>
    /// <param name="pooled">The pooled text, [batch, width]; read where the embedding has a width of it.</param>
    /// <param name="guidance">Guidance scales times 1000, [batch]; read where the embedding has them.</param>
    /// <param name="type">Type that the network computes in.</param>
    /// <returns>[batch, width].</returns>
    /// <exception cref="ArgumentException">The network reads a condition that is null.</exception>
    public Tensor Embed(Tensor timesteps, Tensor? pooled, Tensor? guidance, ScalarType type)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor embedding = _time.call(_sinusoids.Embed(timesteps).to(type));
        if (_guidance is not null)
            embedding = embedding.Add(_guidance.call(_sinusoids.Embed(Given(guidance, "guidance scale")).to(type)));
        if (_text is not null) embedding = embedding.Add(_text.call(Given(pooled, "pooled text")));
        return embedding.MoveToOuterDisposeScope();

        static Tensor Given(Tensor? value, string what) => value ?? throw new ArgumentException($"The network reads a {what}; it is null.");
    }
}
