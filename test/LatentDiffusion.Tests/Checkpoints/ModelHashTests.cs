using System.Security.Cryptography;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Checkpoints;

/// <summary>Hashes of model files.</summary>
public sealed class ModelHashTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Hashes_cover_the_bytes_that_other_programs_hash()
    {
        byte[] bytes = new byte[0x120000];
        new Random(1).NextBytes(bytes);
        File.WriteAllBytes(_folder["model.ckpt"], bytes);
        string path = _folder["model.ckpt"], whole = Hex(bytes);
        Assert.Equal((whole, whole[..10]), (ModelHash.Sha256(path), ModelHash.Short(path)));
        Assert.Equal(Hex(bytes[0x100000..0x110000])[..8], ModelHash.Legacy(path));
        Assert.Equal(whole, ModelHash.Tensors(path));

        File.WriteAllBytes(_folder["short"], [1, 2, 3]);
        Assert.Equal("e3b0c442", ModelHash.Legacy(_folder["short"]));
        Assert.Throws<FileNotFoundException>(() => ModelHash.Sha256(_folder["none"]));
    }

    [Fact]
    public void The_hash_of_tensors_ignores_the_header()
    {
        string one = _folder["one.safetensors"], two = _folder["two.safetensors"];
        using Tensor values = arange(6, ScalarType.Float32);
        SafetensorsWriter.Write(one, [("a", values)]);
        SafetensorsWriter.Write(two, [("a", values)], new Dictionary<string, string> { ["title"] = "another" });
        Assert.NotEqual(ModelHash.Sha256(one), ModelHash.Sha256(two));
        Assert.Equal(ModelHash.Tensors(one), ModelHash.Tensors(two));
        Assert.Equal(Hex(File.ReadAllBytes(one)[^24..]), ModelHash.Tensors(one));
        File.WriteAllBytes(_folder["damaged.safetensors"], [255, 255, 255, 255, 255, 255, 255, 255, 1]);
        Assert.Equal(64, ModelHash.Tensors(_folder["damaged.safetensors"]).Length);
    }

    [Fact]
    public void A_file_that_changed_is_read_again()
    {
        string path = _folder["model"];
        File.WriteAllText(path, "one");
        DateTime written = File.GetLastWriteTimeUtc(path);
        string first = ModelHash.Sha256(path);
        // The same length and time: not read again.
        File.WriteAllText(path, "two");
        File.SetLastWriteTimeUtc(path, written);
        Assert.Equal(first, ModelHash.Sha256(path));
        File.SetLastWriteTimeUtc(path, written.AddSeconds(1));
        Assert.Equal(Hex("two"u8.ToArray()), ModelHash.Sha256(path));
    }

    private static string Hex(byte[] bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));
}
