namespace LatentDiffusion.Denoising;

/// <summary>What a family reads of Qwen3.</summary>
public sealed record Qwen3TextOptions
{
    /// <summary>How a prompt is written as a message. Default <see cref="ChatTemplate.Qwen3"/>.</summary>
    public ChatTemplate Template { get; init; } = ChatTemplate.Qwen3;

    /// <summary>
    /// Hidden states that are put side by side: 0 for the embeddings, k for the output of layer k counted from 1, −1 for the last
    /// layer's, normalised, −2 for the input of that layer, and so on. Default −1.
    /// </summary>
    public IReadOnlyList<int> Layers { get; init; } = [-1];

    /// <summary>Number of ids of every message; longer ones are cut on the right. At least 1; default 512.</summary>
    public int MaxLength { get; init; } = 512;

    /// <summary>
    /// Whether the conditioning has a mask, which leaves padding out. In the network tokens never attend to padding. Default false.
    /// </summary>
    public bool MasksPadding { get; init; }

    /// <summary>
    /// How many hidden states are dropped at the beginning of the window, those of a message before the prompt's. Default 0.
    /// </summary>
    public int DroppedTokens { get; init; }

    /// <summary>Which hidden states of a network these are, counted from the embeddings.</summary>
    /// <param name="config">The network's configuration.</param>
    /// <exception cref="ArgumentOutOfRangeException">The network has fewer layers.</exception>
    public IReadOnlyList<int> LayersOf(Qwen3Config config)
    {
        ArgumentNullException.ThrowIfNull(config);
        int states = config.NumHiddenLayers + 1;
        foreach (int layer in Layers)
        {
            if (layer < -states || layer >= states)
                throw new ArgumentOutOfRangeException(nameof(Layers), layer, $"The network has the hidden states 0 to {states - 1}.");
        }

        return [.. Layers.Select(layer => layer < 0 ? states + layer : layer)];
    }
}
