using System.IO.Compression;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Checkpoints;

/// <summary>Writes tensors of float32 as PyTorch saves them.</summary>
internal static class PickleFiles
{
    /// <summary>Writes tensors under their names, in a dictionary <c>state_dict</c>.</summary>
    /// <param name="path">Path of the file.</param>
    /// <param name="tensors">The tensors.</param>
    public static void Write(string path, IEnumerable<(string Name, Tensor Value)> tensors)
    {
        var pickle = new PickleWriter();
        using var storage = new MemoryStream();
        var items = new List<(string, Action)>();
        foreach ((string name, Tensor value) in tensors)
        {
            long offset = storage.Length / sizeof(float);
            using Tensor contiguous = value.contiguous();
            storage.Write(contiguous.bytes);
            long[] shape = contiguous.shape, strides = contiguous.stride();
            items.Add((name, () => pickle.Tensor("0", offset, shape, strides)));
        }

        pickle.Dictionary(("state_dict", () => pickle.Dictionary([.. items])));
        PickleWriter.Save(path, pickle.ToArray(), storage.ToArray(), CompressionLevel.NoCompression);
    }
}
