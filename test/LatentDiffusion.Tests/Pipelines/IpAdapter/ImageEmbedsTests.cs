using System.IO.Compression;
using System.Runtime.InteropServices;
using LatentDiffusion.Tests.Checkpoints;
using Xunit;

namespace LatentDiffusion.Tests.Pipelines;

/// <summary>Files of image embeddings: the library's own, and those that diffusers' users save.</summary>
public sealed class ImageEmbedsTests : IDisposable
{
    private static readonly float[] s_values = [1, 2, 3, 4, 5, 6];

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_list_of_tensors_has_the_negative_embeddings_first()
    {
        var pickle = new PickleWriter();
        pickle.List(
            () => pickle.Tensor("0", 0, [2, 1, 3], [3, 3, 1]), () => pickle.Tensor("0", 0, [1, 2, 3], [6, 3, 1]),
            () => pickle.Tensor("0", 0, [2, 1, 3, 1], [3, 3, 1, 1]));
        string file = _folder["a.ipadpt"];
        PickleWriter.Save(file, pickle.ToArray(), MemoryMarshal.AsBytes<float>(s_values).ToArray(), CompressionLevel.NoCompression);
        ImageEmbeds first = ImageEmbeds.Load(file), second = ImageEmbeds.Load(file, adapter: 1), third = ImageEmbeds.Load(file, adapter: 2);
        Assert.Equal([1, 3], first.Shape);
        Assert.Equal([4, 5, 6], first.Values);
        Assert.Equal([1, 2, 3], first.Negative!);
        Assert.Equal([2, 3], second.Shape);
        Assert.Equal(s_values, second.Values);
        Assert.False(second.HasNegative);
        Assert.Equal([1, 3, 1], third.Shape);
        Assert.True(third.AreHiddenStates);
        Assert.Throws<ArgumentOutOfRangeException>("adapter", () => ImageEmbeds.Load(file, adapter: 3));
    }

    [Fact]
    public void Embeddings_round_trip()
    {
        string file = _folder["a.safetensors"];
        new ImageEmbeds([2, 3], s_values, negative: null).Save(file);
        ImageEmbeds read = ImageEmbeds.Load(file);
        Assert.Equal([2, 3], read.Shape);
        Assert.Equal(s_values, read.Values);
        Assert.False(read.HasNegative);
        new ImageEmbeds([1, 2, 3], s_values, [6, 5, 4, 3, 2, 1]).Save(file);
        Assert.Equal([6, 5, 4, 3, 2, 1], ImageEmbeds.Load(file).Negative!);
        Assert.Throws<ArgumentOutOfRangeException>("adapter", () => ImageEmbeds.Load(file, adapter: 1));
    }

    [Fact]
    public void Other_files_are_refused()
    {
        Refused("'weight' [3]", ("weight", [3], s_values[..3]));
        Refused("'image_embeds' [3]", ("image_embeds", [3], s_values[..3]));
        Refused("[2, 3]", ("image_embeds", [1, 3], s_values[..3]), ("negative_image_embeds", [2, 3], s_values));
        Refused("'0' [3, 1, 2]", ("0", [3, 1, 2], s_values));
        Refused("not finite", ("image_embeds", [1, 2], [1, float.NaN]));
        Refused("'image_embeds' [0, 2]", ("image_embeds", [0, 2], []));

        void Refused(string message, params (string Name, long[] Shape, float[] Values)[] tensors)
        {
            string file = _folder["a.safetensors"];
            RawSafetensors.Write(
                file, [.. tensors.Select(t => (t.Name, t.Shape, "F32", MemoryMarshal.AsBytes<float>(t.Values).ToArray()))]);
            Assert.Contains(message, Assert.Throws<CheckpointException>(() => ImageEmbeds.Load(file)).Message, StringComparison.Ordinal);
        }
    }
}
