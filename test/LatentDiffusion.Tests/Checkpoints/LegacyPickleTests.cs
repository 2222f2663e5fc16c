using System.Text;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Checkpoints;

/// <summary>Checkpoints from before PyTorch 1.6: a sequence of pickles, then the storages.</summary>
public sealed class LegacyPickleTests : IDisposable
{
    /// <summary>
    /// Output of Python's pickler for a state_dict with a tied tensor, in the order of PyTorch 1.5's <c>_legacy_save</c>.
    /// </summary>
    private const string Pythons = """
        gAKKCmz8nEb5IGqoUBkugAJN6QMugAJ9cQAoWBAAAABwcm90b2NvbF92ZXJzaW9ucQFN6QNYDQAAAGxpdHRsZV9lbmRpYW5xAohYCgAAAHR5cGVfc2l6ZXNx
        A31xBChYBQAAAHNob3J0cQVLAlgDAAAAaW50cQZLBFgEAAAAbG9uZ3EHSwR1dS6AAn1xAChYCgAAAHN0YXRlX2RpY3RxAWNjb2xsZWN0aW9ucwpPcmRlcmVk
        RGljdApxAilScQMoWAsAAABjb252LndlaWdodHEEY3RvcmNoLl91dGlscwpfcmVidWlsZF90ZW5zb3JfdjIKcQUoKFgHAAAAc3RvcmFnZXEGY3RvcmNoCkZs
        b2F0U3RvcmFnZQpxB1gIAAAAOTQwODczMDFxCFgDAAAAY3B1cQlLBk50cQpRSwBLAksDhnELSwNLAYZxDIloAilScQ10cQ5ScQ9YCQAAAGNvbnYudGllZHEQ
        aAUoKGgGaAdoCGgJSwZOdHERUUsBSwKFcRJoEoloAilScRN0cRRScRVYBQAAAHNjYWxlcRZoBSgoaAZjdG9yY2gKSGFsZlN0b3JhZ2UKcRdYCAAAADk0MDg3
        NDQ0cRhoCUsDTnRxGVFLAEsDhXEaSwGFcRuJaAIpUnEcdHEdUnEedX1xH1gJAAAAX21ldGFkYXRhcSBoAilScSFYAAAAAHEifXEjWAcAAAB2ZXJzaW9ucSRL
        AXNzc2JYBQAAAGVwb2NocSVLA3UugAJdcQAoWAgAAAA5NDA4NzMwMXEBWAgAAAA5NDA4NzQ0NHECZS4GAAAAAAAAAAAAAD8AAKC/AABAQAAAgEAAAKBAAADA
        QAMAAAAAAAAAADwAQAC4
        """;

    private static readonly float[] s_values = [0, 1, 2, 3, 4, 5];
    private static readonly byte[] s_storage = [.. s_values.SelectMany(BitConverter.GetBytes)];

    private readonly TemporaryFolder _folder = new();
    private readonly DisposeScope _scope = NewDisposeScope();

    [Fact]
    public void Files_written_by_Python_are_read()
    {
        Save(Convert.FromBase64String(Pythons));
        using ITensorSource file = Checkpoint.Open(_folder["a.pth"]);
        Assert.Equal(["conv.weight", "conv.tied", "scale"], file.Entries.Select(e => e.Name));
        Assert.Equal([0.5f, -1.25f, 3, 4, 5, 6], file.Read("conv.weight").flatten().data<float>().ToArray());
        Assert.Equal([-1.25f, 4], file.Read("conv.tied").data<float>().ToArray());
        Assert.Equal(ScalarType.Float16, file.Find("scale")!.DataType);
        Tensor wide = zeros(3);
        file.ReadInto("scale", wide);
        Assert.Equal([1f, 2, -0.5f], wide.data<float>().ToArray());
    }

    [Fact]
    public void Views_of_shared_storages_are_read()
    {
        var pickle = new PickleWriter();
        pickle.Dictionary(
            ("whole", () => pickle.LegacyTensor("k", 6, 0, [2, 3], [3, 1])),
            ("transposed", () => pickle.Parameter(() => pickle.LegacyTensor("k", 6, 0, [3, 2], [1, 3]))),
            ("part", () => pickle.LegacyTensor("k", 6, 1, [2], [1], part: (2, 3))),
            ("other", () => pickle.OldTensor("l", 1, 0, [1], [1])),
            ("none", () => pickle.LegacyTensor("k", 6, 0, [0, 4], [4, 1])));
        Save(PickleWriter.Legacy(pickle.ToArray(), ["l", "k"], (1, BitConverter.GetBytes(7f)), (6, s_storage)));
        using var file = PickleCheckpoint.Open(_folder["a.pth"]);
        Assert.Equal(s_values, file.Read("whole").flatten().data<float>().ToArray());
        Assert.Equal([0f, 3, 1, 4, 2, 5], file.Read("transposed").flatten().data<float>().ToArray());
        Assert.Equal([3f, 4], file.Read("part").data<float>().ToArray());
        Assert.Equal(7f, file.Read("other").item<float>());
        Assert.Equal([0L, 4], file.Read("none").shape);
    }

    [Theory]
    [InlineData("cposix\nsystem\n(X\u0004\0\0\0true\u0085R.", "posix.system")]
    [InlineData("ctorch.nn.modules.conv\nConv2d\n)\u0081}b.", "torch.nn.modules.conv.Conv2d")]
    [InlineData("(X\u0006\0\0\0modulectorch\nFloatStorage\nNNtQ.", "not a storage")]
    public void Other_pickle_operations_are_refused_by_name(string pickle, string reason) =>
        Refused(PickleWriter.Legacy(Encoding.Latin1.GetBytes(pickle), []), reason);

    [Theory]
    [InlineData(6, 5, "description says 6")]
    [InlineData(6, -1, "description says 6")]
    [InlineData(7, 7, "truncated")]
    [InlineData(5, 5, "belong to no storage")]
    [InlineData(long.MaxValue, long.MaxValue, "truncated")]
    [InlineData(1L << 62, 1L << 62, "truncated")]
    [InlineData(-1, -1, "not a storage")]
    public void Storages_of_another_size_are_refused(long described, long stored, string reason) =>
        Refused(PickleWriter.Legacy(One("k", described), ["k"], (stored, s_storage)), reason);

    [Fact]
    public void Storages_must_match_their_keys()
    {
        Refused(PickleWriter.Legacy(One("k", 6), ["l"], (6, s_storage)), "'l' that its description does not list");
        Refused(PickleWriter.Legacy(One("k", 6), []), "'k' is not in the file");
        Refused(PickleWriter.Legacy(One("k", 6), ["k", "k"], (6, s_storage), (6, s_storage)), "twice");
        Refused(PickleWriter.Legacy(Two(6, "DoubleStorage"), ["k"], (6, s_storage)), "two ways");
        Refused(PickleWriter.Legacy(Two(3, "FloatStorage"), ["k"], (6, s_storage)), "two ways");
        Refused([.. PickleWriter.Legacy(One("k", 6), ["k"], (6, s_storage)), 0], "1 bytes at the end");
        Refused(PickleWriter.Legacy(One("k", 6, (4, 3)), ["k"], (6, s_storage)), "lies outside");
        Refused(PickleWriter.Legacy(One("k", 6, (1, long.MaxValue)), ["k"], (6, s_storage)), "lies outside");
        Refused(PickleWriter.Legacy(One("k", 6, (1, 5)), ["k"], (6, s_storage)), "more values than the 5");
    }

    /// <summary>Printing a million digits would take minutes.</summary>
    [Fact]
    public void A_huge_number_as_a_storage_key_is_refused_unprinted()
    {
        byte[] number = [0x8b, .. BitConverter.GetBytes(1 << 20), .. Enumerable.Repeat((byte)0x5a, 1 << 20)];
        byte[] list = [0x80, 2, (byte)']', .. number, (byte)'a', (byte)'.'];
        byte[] file = PickleWriter.Legacy(One("k", 6), []);
        int emptyList = new PickleWriter().ToArray().Length + 3;
        Refused([.. file[..^emptyList], .. list], "not a string");
    }

    [Fact]
    public void Other_formats_are_refused_by_name()
    {
        Refused(PickleWriter.Legacy(One("k", 6), ["k"], [(6, s_storage)], version: 1000, littleEndian: true), "another version");
        Refused(PickleWriter.Legacy(One("k", 6), ["k"], [(6, s_storage)], version: 1001, littleEndian: false), "little-endian");
        byte[] tar = new byte[1024];
        "storages"u8.CopyTo(tar);
        "ustar"u8.CopyTo(tar.AsSpan(257));
        Refused(tar, "tar archive");
    }

    public void Dispose()
    {
        _scope.Dispose();
        _folder.Dispose();
    }

    private static byte[] One(string key, long count, (long, long)? part = null)
    {
        var pickle = new PickleWriter();
        pickle.Dictionary(("x", () => pickle.LegacyTensor(key, count, 0, [2, 3], [3, 1], part)));
        return pickle.ToArray();
    }

    private static byte[] Two(long count, string type)
    {
        var pickle = new PickleWriter();
        pickle.Dictionary(
            ("x", () => pickle.LegacyTensor("k", 6, 0, [2, 3], [3, 1])),
            ("y", () => pickle.LegacyTensor("k", count, 0, [1], [1], type: type)));
        return pickle.ToArray();
    }

    private void Save(byte[] file) => File.WriteAllBytes(_folder["a.pth"], file);

    private void Refused(byte[] file, string reason)
    {
        Save(file);
        Assert.Contains(reason, Assert.Throws<CheckpointException>(() => Checkpoint.Open(_folder["a.pth"])).Message);
    }
}
