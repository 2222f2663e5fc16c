using System.IO.Compression;
using System.Text;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests;

public sealed class PickleCheckpointTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly DisposeScope _scope = NewDisposeScope();

    [Fact]
    public void ARealCheckpointHoldsWhatItsSafetensorsTwinHolds()
    {
        using var pickled = PickleCheckpoint.Open(SharedData.Require("taef2", "taef2_encoder.pth"));
        using var twin = SafetensorsFile.Open(SharedData.Require("taef2", "taef2_encoder.safetensors"));
        Assert.Equal(twin.Names.Order(), pickled.Entries.Select(e => e.Name).Order());
        Assert.All(twin.Entries, entry =>
        {
            Assert.Equal(entry.DataType, pickled.Find(entry.Name)!.DataType);
            Assert.True(pickled.Read(entry.Name).equal(twin.Read(entry.Name)).all().item<bool>(), entry.Name);
        });
    }

    [Fact]
    public void ViewsOfSharedStoragesAreRead()
    {
        var pickle = new PickleWriter();
        pickle.Dictionary(
            ("state_dict", () => pickle.Dictionary(
                ("whole", () => pickle.Tensor("0", 0, [2, 3], [3, 1])),
                ("transposed", () => pickle.Parameter(() => pickle.Tensor("0", 0, [3, 2], [1, 3]))),
                ("end", () => pickle.Tensor("0", 4, [2], [1])),
                ("scalar", () => pickle.Tensor("0", 5, [], [])),
                ("none", () => pickle.Tensor("0", 0, [0, 4], [4, 1])))),
            ("epoch", () => pickle.Integer(7)));
        Save(pickle, arange(6, ScalarType.Float32));
        using ITensorSource file = Checkpoint.Open(_folder["a.pth"]);

        Assert.Equal(["whole", "transposed", "end", "scalar", "none"], file.Entries.Select(e => e.Name));
        Assert.Equal([0f, 1, 2, 3, 4, 5], file.Read("whole").flatten().data<float>().ToArray());
        Assert.Equal([0f, 3, 1, 4, 2, 5], file.Read("transposed").flatten().data<float>().ToArray());
        Assert.Equal([4f, 5], file.Read("end").data<float>().ToArray());
        Assert.Equal(5f, file.Read("scalar").item<float>());
        Assert.Equal([0L, 4], file.Read("none").shape);
        Tensor half = zeros(3, 2, ScalarType.Float16);
        file.ReadInto("transposed", half);
        Assert.Equal(4f, half[1, 1].to(ScalarType.Float32).item<float>());
    }

    [Theory]
    [InlineData("cposix\nsystem\n(X\u0004\0\0\0true\u0085R.", "posix.system")]
    [InlineData("cbuiltins\neval\n.", "builtins.eval")]
    [InlineData("c__builtin__\nexec\n.", "__builtin__.exec")]
    [InlineData("ctorch._utils\n_rebuild_tensor_v9\n.", "_rebuild_tensor_v9")]
    [InlineData("(iposix\nsystem\n.", "0x69")]
    [InlineData("(cposix\nsystem\no.", "posix.system")]
    [InlineData("ccollections\nOrderedDict\n)\u0081.", "0x81")]
    [InlineData("ccollections\nOrderedDict\n(K\u0001tR.", "unexpected arguments")]
    [InlineData("K\u0001(tR.", "no global")]
    [InlineData("h\u0005.", "number 5")]
    [InlineData("t.", "mark")]
    [InlineData("0.", "stack")]
    [InlineData(".", "stack")]
    [InlineData("K\u0001", "too early")]
    [InlineData("X\u00ff\u00ff\u00ff\u00ff.", "too early")]
    [InlineData("X\u0001\0\0\0\u00ff.", "UTF-8")]
    [InlineData("p99999999999\n.", "99999999999")]
    [InlineData("}(K\u0001u.", "without its value")]
    [InlineData("}K\u0001K\u0002a.", "no list")]
    [InlineData("](K\u0001K\u0002u.", "no dictionary")]
    [InlineData("}NNs.", "neither text nor integer")]
    [InlineData("\u0080\u0009.", "protocol 9")]
    [InlineData("K\u0001Q.", "no storage")]
    public void EverythingElseIsRefusedByName(string pickle, string reason)
    {
        Save(Encoding.Latin1.GetBytes(pickle));
        Assert.Contains(reason, Assert.Throws<CheckpointException>(() => PickleCheckpoint.Open(_folder["a.pth"])).Message);
    }

    [Fact]
    public void ContainersThatHoldEachOtherEnd()
    {
        // Each list holds the one before twice: 2^40 ways to the innermost.
        var doubling = new StringBuilder("]q\0");
        for (int i = 0; i < 30; i++) doubling.Append($"](h{(char)i}h{(char)i}eq{(char)(i + 1)}");
        string[] pickles = [doubling + ".", "]q\0h\0a.", string.Concat(Enumerable.Repeat("]", 100_000)) + string.Concat(Enumerable.Repeat("a", 99_999)) + ".", new string(']', 500_000) + "."];
        foreach (string pickle in pickles)
        {
            Save(Encoding.Latin1.GetBytes(pickle));
            Assert.Throws<CheckpointException>(() => PickleCheckpoint.Open(_folder["a.pth"]));
        }
    }

    [Theory]
    [InlineData(0, new long[] { 7 }, new long[] { 1 }, "more values")]
    [InlineData(6, new long[] { 1 }, new long[] { 1 }, "more values")]
    [InlineData(0, new long[] { 1_000_000_000 }, new long[] { 0 }, "more values")]
    [InlineData(0, new long[] { 2, 2 }, new long[] { 5, 1 }, "more values")]
    [InlineData(0, new long[] { 1L << 40, 1L << 40 }, new long[] { 0, 0 }, "impossible shape")]
    [InlineData(0, new long[] { 2, 2 }, new long[] { long.MaxValue, long.MaxValue }, "impossible shape")]
    [InlineData(-1, new long[] { 1 }, new long[] { 1 }, "unexpected arguments")]
    [InlineData(0, new long[] { -1 }, new long[] { 1 }, "a shape")]
    [InlineData(0, new long[] { 1 }, new long[] { 1, 1 }, "strides")]
    public void ViewsBeyondTheirStorageAreRefused(long offset, long[] shape, long[] strides, string reason)
    {
        var pickle = new PickleWriter();
        pickle.Dictionary(("x", () => pickle.Tensor("0", offset, shape, strides)));
        Save(pickle, arange(6, ScalarType.Float32));
        Assert.Contains(reason, Assert.Throws<CheckpointException>(() => PickleCheckpoint.Open(_folder["a.pth"])).Message);
    }

    [Fact]
    public void A_flipped_bit_in_any_byte_of_a_storage_is_found()
    {
        var pickle = new PickleWriter();
        pickle.Dictionary(("x", () => pickle.Tensor("0", 0, [6], [1])), ("y", () => pickle.Tensor("0", 1, [2, 2], [1, 2])));
        float[] values = [1.5f, 2.5f, 3.5f, 4.5f, 5.5f, 6.5f];
        Save(pickle, tensor(values));
        byte[] whole = File.ReadAllBytes(_folder["a.pth"]);
        int start = whole.AsSpan().IndexOf(tensor(values).bytes);
        for (int i = 0; i < 24; i++)
        {
            byte[] damaged = [.. whole];
            damaged[start + i] ^= 1;
            File.WriteAllBytes(_folder["a.pth"], damaged);
            using ITensorSource file = Checkpoint.Open(_folder["a.pth"]);
            foreach (string name in new[] { "x", "y", "x" })
                Assert.Contains("storage '0'", Assert.Throws<CheckpointException>(() => file.Read(name)).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_checksum_of_zero_was_not_computed()
    {
        var pickle = new PickleWriter();
        pickle.Dictionary(("x", () => pickle.Tensor("0", 0, [6], [1])));
        Save(pickle, arange(6, ScalarType.Float32));
        byte[] file = File.ReadAllBytes(_folder["a.pth"]);
        byte[] entry = "PK\u0001\u0002"u8.ToArray();
        for (int at = 0; file.AsSpan(at).IndexOf(entry) is >= 0 and var next; at += next + 4) file.AsSpan(at + next + 16, 4).Clear();
        File.WriteAllBytes(_folder["a.pth"], file);
        using ITensorSource source = Checkpoint.Open(_folder["a.pth"]);
        Assert.Equal(5f, source.Read("x")[5].item<float>());
    }

    [Fact]
    public void CompressedEntriesAreRefused()
    {
        var pickle = new PickleWriter();
        pickle.Dictionary(("x", () => pickle.Tensor("0", 0, [1 << 20], [1])));
        Save(pickle, zeros(1 << 20), CompressionLevel.Fastest);
        Assert.InRange(new FileInfo(_folder["a.pth"]).Length, 0, 1 << 16);
        Assert.Contains("compressed", Assert.Throws<CheckpointException>(() => PickleCheckpoint.Open(_folder["a.pth"])).Message);
    }

    [Fact]
    public void OtherFilesAreRefused()
    {
        File.WriteAllText(_folder["a.pth"], "no zip file");
        Assert.Throws<CheckpointException>(() => PickleCheckpoint.Open(_folder["a.pth"]));
        Assert.Throws<CheckpointException>(() => Checkpoint.Open(_folder["a.pth"]));
        File.WriteAllText(_folder["a.pth"], "");
        Assert.Throws<CheckpointException>(() => PickleCheckpoint.Open(_folder["a.pth"]));
        Assert.Throws<CheckpointException>(() => Checkpoint.Open(_folder["a.pth"]));
        using (ZipArchive zip = ZipFile.Open(_folder["b.pth"], ZipArchiveMode.Create)) zip.CreateEntry("a/other");
        Assert.Contains("data.pkl", Assert.Throws<CheckpointException>(() => Checkpoint.Open(_folder["b.pth"])).Message);
        Assert.Throws<FileNotFoundException>(() => Checkpoint.Open(_folder["none"]));
    }

    public void Dispose()
    {
        _scope.Dispose();
        _folder.Dispose();
    }

    private void Save(PickleWriter pickle, Tensor storage, CompressionLevel level = CompressionLevel.NoCompression) =>
        PickleWriter.Save(_folder["a.pth"], pickle.ToArray(), storage.bytes.ToArray(), level);

    private void Save(byte[] pickle) => PickleWriter.Save(_folder["a.pth"], pickle, [], CompressionLevel.NoCompression);
}
