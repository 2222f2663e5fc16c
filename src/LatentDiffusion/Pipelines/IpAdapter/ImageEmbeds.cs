namespace LatentDiffusion;

/// <summary>
/// Embeddings of images for one IP-Adapter, as its image encoder outputs them: one vector for each image, or for "plus" and "full" adapters
/// the hidden states of its patches. Immutable. Adapters of the same kind with the same encoder can share them.
/// </summary>
public sealed class ImageEmbeds
{
    private readonly long[] _shape;

    /// <param name="shape">[images, width] or [images, states, width].</param>
    /// <param name="values">The values, row by row.</param>
    /// <param name="negative">Embeddings for the negative prompt, of the same shape; null if they are zeros or missing.</param>
    internal ImageEmbeds(long[] shape, float[] values, float[]? negative) => (_shape, Values, Negative) = (shape, values, negative);

    /// <summary>Number of images.</summary>
    public int Count => (int)_shape[0];

    /// <summary>[images, width] or, with hidden states, [images, states, width].</summary>
    public IReadOnlyList<long> Shape => _shape;

    /// <summary>Whether they are hidden states, as "plus" and "full" adapters read.</summary>
    public bool AreHiddenStates => _shape.Length == 3;

    /// <summary>Whether it has embeddings for the negative prompt. Plain adapters do not need them, because theirs are zeros.</summary>
    public bool HasNegative => Negative is not null;

    internal float[] Values { get; }

    internal float[]? Negative { get; }

    /// <summary>
    /// Reads embeddings that <see cref="Save"/> wrote, or a file of diffusers' <c>prepare_ip_adapter_image_embeds</c>
    /// (<c>.ipadpt</c>, <c>.pt</c>): a list with a tensor for each adapter, [2, images, …] with the negative ones first, or [1, images, …].
    /// </summary>
    /// <param name="path">Path of the file.</param>
    /// <param name="adapter">For a list, the index of the adapter. Default 0.</param>
    /// <exception cref="Checkpoints.CheckpointException">The file is damaged, or holds something else; the message says what.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The file has no embeddings for the adapter.</exception>
    /// <exception cref="IOException">The file cannot be opened.</exception>
    public static ImageEmbeds Load(string path, int adapter = 0)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentOutOfRangeException.ThrowIfNegative(adapter);
        return ImageEmbedsFile.Read(path, adapter);
    }

    /// <summary>Writes them to a safetensors file, atomically.</summary>
    /// <param name="path">Path of the file; its folder exists.</param>
    public void Save(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ImageEmbedsFile.Write(path, this);
    }
}
