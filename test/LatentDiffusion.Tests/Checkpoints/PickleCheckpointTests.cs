using System.IO.Compression;
using System.Text;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Checkpoints;

public sealed class PickleCheckpointTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly DisposeScope _scope = NewDisposeScope();

    [Fact]
    public void A_real_checkpoint_equals_its_safetensors_twin()
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
    public void Views_of_shared_storages_are_read()
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
    [InlineData("(iposix\nsystem\n.", "posix.system")]
    [InlineData("X\u0005\0\0\0posixX\u0006\0\0\0system\u0093.", "posix.system")]
    [InlineData("c__builtin__\ngetattr\n.", "__builtin__.getattr")]
    [InlineData("csubprocess\nPopen\n)\u0081.", "subprocess.Popen")]
    [InlineData("cos.path\njoin\n)R.", "os.path.join")]
    [InlineData("\u0082\u0001.", "0x82")]
    [InlineData("(cposix\nsystem\no.", "posix.system")]
    [InlineData("ctorch\nFloatStorage\n)\u0081.", "object of 'torch.FloatStorage'")]
    [InlineData("K\u0001)\u0081.", "not a global")]
    [InlineData("(o.", "without a class")]
    [InlineData("ctorch.nn.modules.conv\nConv2d\n)\u0081}b.", "torch.nn.modules.conv.Conv2d")]
    [InlineData("}X\u0005\0\0\0modelcmine\nModel\n)Rs.", "mine.Model")]
    [InlineData("K\u0001}b.", "state")]
    [InlineData("ccollections\nOrderedDict\n(](K\u0001etR.", "pairs")]
    [InlineData("ctorch._tensor\n_rebuild_from_type_v2\n(ctorch._tensor\n_rebuild_from_type_v2\nN)tR.", "unexpected arguments")]
    [InlineData("ccollections\nOrderedDict\n(K\u0001tR.", "unexpected arguments")]
    [InlineData("K\u0001(tR.", "not a global")]
    [InlineData("h\u0005.", "memo 5")]
    [InlineData("t.", "mark")]
    [InlineData("0.", "stack")]
    [InlineData(".", "stack")]
    [InlineData("K\u0001", "too early")]
    [InlineData("X\u00ff\u00ff\u00ff\u00ff.", "too early")]
    [InlineData("X\u0001\0\0\0\u00ff.", "UTF-8")]
    [InlineData("p99999999999\n.", "99999999999")]
    [InlineData("}(K\u0001u.", "without its value")]
    [InlineData("}K\u0001K\u0002a.", "not a list")]
    [InlineData("](K\u0001K\u0002u.", "not a dictionary")]
    [InlineData("\u0080\u0009.", "protocol 9")]
    [InlineData("K\u0001Q.", "not a storage")]
    public void Other_pickle_operations_are_refused_by_name(string pickle, string reason)
    {
        Save(Encoding.Latin1.GetBytes(pickle));
        Assert.Contains(reason, Assert.Throws<CheckpointException>(() => PickleCheckpoint.Open(_folder["a.pth"])).Message);
    }

    /// <summary>Values that trainers store with the weights, in the instructions that Python's pickler writes for each.</summary>
    [Theory]
    [InlineData(
        "a Lightning callback as a key",
        "}cpytorch_lightning.callbacks.model_checkpoint\nModelCheckpoint\n}X\u0001\0\0\0aK\u0001ss")]
    [InlineData(
        "a numpy scalar",
        "cnumpy.core.multiarray\nscalar\n(cnumpy\ndtype\n(U\u0002f8K\0K\u0001tR(K\u0003U\u0001<NNN"
        + "J\u00ff\u00ff\u00ff\u00ffJ\u00ff\u00ff\u00ff\u00ffK\0tbU\u0008\u009a\u0099\u0099\u0099\u0099\u0099\u00b9?tR")]
    [InlineData("a numpy array", "cnumpy._core.multiarray\n_reconstruct\n(cnumpy\nndarray\nK\0\u0085C\u0001btR(K\u0001K\u0002\u0085Ntb")]
    [InlineData("a data type", "ctorch\nfloat16\n")]
    [InlineData("a device", "ctorch\ndevice\n(X\u0003\0\0\0cputR")]
    [InlineData("a set", "cbuiltins\nset\n](K\u0001K\u0002e\u0085R")]
    [InlineData("a set of Python 2", "c__builtin__\nset\n](K\u0001K\u0002e\u0085R")]
    [InlineData("a frozen set", "(K\u0001K\u0002\u0091")]
    [InlineData("a defaultdict", "ccollections\ndefaultdict\n(cbuiltins\nlist\ntRX\u0001\0\0\0aK\u0001s")]
    [InlineData("a namespace", "cargparse\nNamespace\n)\u0081}X\u0002\0\0\0lrG?\u00b9\u0099\u0099\u0099\u0099\u0099\u009asb")]
    [InlineData("an object by copyreg", "ccopy_reg\n_reconstructor\n(cmine\nOptions\nc__builtin__\nobject\nNtR}b")]
    [InlineData("an object with keywords", "cmine\nOptions\n)}\u0092")]
    [InlineData("an old instance", "(imine\nOptions\n}b")]
    [InlineData("an old instance by its class", "(cmine\nOptions\nK\u0001o")]
    [InlineData("a path", "cpathlib\nPosixPath\n(X\u0001\0\0\0/tR")]
    [InlineData("an enumeration", "cmine\nMode\nK\u0001\u0085R")]
    [InlineData("None as a key", "}NK\u0001s")]
    [InlineData("a fraction as a key", "}G?\u00b9\u0099\u0099\u0099\u0099\u0099\u009aK\u0001s")]
    [InlineData("a tuple as a key", "}K\u0001K\u0002\u0086K\u0001s")]
    public void Objects_next_to_the_weights_are_passed_over(string what, string pickled)
    {
        var pickle = new PickleWriter();
        pickle.Dictionary(
            ("epoch", () => pickle.Integer(7)),
            (what, () => pickle.Raw(Encoding.Latin1.GetBytes(pickled))),
            ("state_dict", () => pickle.Dictionary(("x", () => pickle.Tensor("0", 0, [6], [1])))),
            ("tail", () => pickle.Raw(Encoding.Latin1.GetBytes(pickled))));
        Save(pickle, arange(6, ScalarType.Float32));
        using (ITensorSource zipped = Checkpoint.Open(_folder["a.pth"]))
        {
            Assert.Equal(["x"], zipped.Entries.Select(e => e.Name));
            Assert.Equal(5f, zipped.Read("x")[5].item<float>());
        }

        var legacy = new PickleWriter();
        legacy.Dictionary(
            (what, () => legacy.Raw(Encoding.Latin1.GetBytes(pickled))),
            ("state_dict", () => legacy.Dictionary(("x", () => legacy.LegacyTensor("k", 6, 0, [6], [1])))));
        byte[] values = arange(6, ScalarType.Float32).bytes.ToArray();
        File.WriteAllBytes(_folder["b.pt"], PickleWriter.Legacy(legacy.ToArray(), ["k"], (6, values)));
        using ITensorSource old = Checkpoint.Open(_folder["b.pt"]);
        Assert.Equal(5f, old.Read("x")[5].item<float>());
    }

    [Theory]
    [InlineData("cmine\nWeights\n)R")]
    [InlineData("cmine\nWeights\n)\u0081")]
    [InlineData("ccollections\ndefaultdict\n(cbuiltins\nlist\ntR")]
    [InlineData("ccollections\nOrderedDict\n)\u0081")]
    public void Weights_in_a_class_derived_from_a_dictionary_are_read(string made)
    {
        var pickle = new PickleWriter();
        pickle.Raw(
        [
            (byte)'}', (byte)'X', 10, 0, 0, 0, .. "state_dict"u8, .. Encoding.Latin1.GetBytes(made), (byte)'X', 1, 0, 0, 0, (byte)'x',
        ]);
        pickle.Tensor("0", 0, [6], [1]);
        pickle.Raw("s}bs"u8);
        Save(pickle, arange(6, ScalarType.Float32));
        using ITensorSource file = Checkpoint.Open(_folder["a.pth"]);
        Assert.Equal(5f, file.Read("x")[5].item<float>());
    }

    [Fact]
    public void A_dictionary_of_Python_2_is_a_list_of_pairs()
    {
        var pickle = new PickleWriter();
        pickle.Raw("ccollections\nOrderedDict\n(](](X\u0001\0\0\0x"u8);
        pickle.Tensor("0", 0, [6], [1]);
        pickle.Raw("eetR"u8);
        Save(pickle, arange(6, ScalarType.Float32));
        using ITensorSource file = Checkpoint.Open(_folder["a.pth"]);
        Assert.Equal(5f, file.Read("x")[5].item<float>());
    }

    [Fact]
    public void Tensors_of_a_subclass_and_parameters_with_a_state_are_read()
    {
        const string Rebuild = "ctorch._utils\n_rebuild_tensor_v2\n";
        const string Tensor = "((X\u0007\0\0\0storagectorch\nFloatStorage\nX\u0001\0\0\00X\u0003\0\0\0cpuK\u0006tQ"
            + "K\0K\u0006\u0085K\u0001\u0085\u0089Nt";
        var pickle = new PickleWriter();
        pickle.Dictionary(
            ("a", () => Raw($"ctorch._tensor\n_rebuild_from_type_v2\n({Rebuild}cmine\nBuffer\n{Tensor}}}tR")),
            ("b", () => Raw($"ctorch._utils\n_rebuild_parameter_with_state\n({Rebuild}{Tensor}R\u0088N}}tR")));
        Save(pickle, arange(6, ScalarType.Float32));
        using ITensorSource file = Checkpoint.Open(_folder["a.pth"]);
        Assert.Equal(["a", "b"], file.Entries.Select(e => e.Name));
        Assert.Equal(5f, file.Read("b")[5].item<float>());

        void Raw(string text) => pickle.Raw(Encoding.Latin1.GetBytes(text));
    }

    [Theory]
    [InlineData("I00\n")]
    [InlineData("I01\n")]
    public void Truth_values_of_old_protocols_are_read(string requiresGradient)
    {
        var pickle = new PickleWriter();
        pickle.Dictionary(("x", () => pickle.Raw(Encoding.Latin1.GetBytes(
            "ctorch._utils\n_rebuild_tensor_v2\n((X\u0007\0\0\0storagectorch\nFloatStorage\nX\u0001\0\0\00X\u0003\0\0\0cpuK\u0006tQ"
            + $"K\0(K\u0006t(K\u0001t{requiresGradient}ccollections\nOrderedDict\n(tRtR"))));
        Save(pickle, arange(6, ScalarType.Float32));
        using ITensorSource file = Checkpoint.Open(_folder["a.pth"]);
        Assert.Equal(5f, file.Read("x")[5].item<float>());
    }

    [Theory]
    [InlineData("torch", "float8_e4m3fn", 352f)]
    [InlineData("torch.storage", "float8_e4m3fn", 352f)]
    [InlineData("torch.storage", "float8_e5m2", 57344f)]
    public void Float8_tensors_are_widened(string module, string type, float last)
    {
        var pickle = new PickleWriter();
        pickle.Dictionary(("x", () => pickle.Raw(Encoding.Latin1.GetBytes(
            $"ctorch._utils\n_rebuild_tensor_v3\n((X\u0007\0\0\0storagec{module}\nUntypedStorage\nX\u0001\0\0\00X\u0003\0\0\0cpu"
            + $"K\u0004tQK\0K\u0004\u0085K\u0001\u0085\u0089ccollections\nOrderedDict\n)Rctorch\n{type}\ntR"))));
        PickleWriter.Save(_folder["a.pth"], pickle.ToArray(), [0, 0, 0, 0x7b], CompressionLevel.NoCompression);
        using ITensorSource file = Checkpoint.Open(_folder["a.pth"]);
        Assert.Equal(ScalarType.Float32, file.Find("x")!.DataType);
        Assert.Equal(last, file.Read("x")[3].item<float>());
    }

    /// <summary>Repeated references to one object must not cost its length each time.</summary>
    [Fact]
    public void What_is_recalled_many_times_is_bounded()
    {
        string name = new('x', 3000), text = $"X{(char)(name.Length % 256)}{(char)(name.Length / 256)}\0\0{name}q\0";
        string pairs = "](" + string.Concat(Enumerable.Repeat("K\u0001K\u0001\u0086", 100)) + "eq\0";
        foreach ((string pickle, string reason) in new[]
        {
            (text + string.Concat(Enumerable.Repeat("h\0h\0\u0093", 10)) + ".", "longer than"),
            ("}" + text + "]s.", "longer than"),
            (pairs + string.Concat(Enumerable.Repeat("ccollections\nOrderedDict\nh\0\u0085R", 100)) + ".", "more items than"),
            (pairs + "ccollections\nOrderedDict\nq\u0001" + string.Concat(Enumerable.Repeat("(h\u0001h\0o", 100)) + ".", "more items than"),
        })
        {
            Save(Encoding.Latin1.GetBytes(pickle));
            var refused = Assert.Throws<CheckpointException>(() => PickleCheckpoint.Open(_folder["a.pth"]));
            Assert.Contains(reason, refused.Message, StringComparison.Ordinal);
        }

        Save(Encoding.Latin1.GetBytes("}" + text + "K\u0001s."));
        using ITensorSource note = Checkpoint.Open(_folder["a.pth"]);
        Assert.Empty(note.Entries);
    }

    [Fact]
    public void Cyclic_containers_do_not_loop()
    {
        // Each list contains the previous one twice: 2^40 ways to the innermost.
        var doubling = new StringBuilder("]q\0");
        for (int i = 0; i < 30; i++) doubling.Append($"](h{(char)i}h{(char)i}eq{(char)(i + 1)}");
        string items = "](" + new string('N', 1000) + "eq\0", references = "](" + string.Concat(Enumerable.Repeat("h\0", 1000)) + "e";
        string[] pickles =
        [
            items + references + ".",
            doubling + ".",
            "]q\0h\0a.",
            string.Concat(Enumerable.Repeat("]", 100_000)) + string.Concat(Enumerable.Repeat("a", 99_999)) + ".",
            new string(']', 500_000) + ".",
        ];
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
    public void Views_beyond_their_storage_are_refused(long offset, long[] shape, long[] strides, string reason)
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

    [Theory]
    [InlineData("whole")]
    [InlineData("transposed")]
    public void A_file_that_is_truncated_after_opening_ends_in_the_exception(string name)
    {
        var pickle = new PickleWriter();
        pickle.Dictionary(
            ("whole", () => pickle.Tensor("0", 0, [1 << 10, 1 << 11], [1 << 11, 1])),
            ("transposed", () => pickle.Tensor("0", 0, [1 << 11, 1 << 10], [1, 1 << 11])));
        Save(pickle, zeros(1 << 21));
        using ITensorSource file = Checkpoint.Open(_folder["a.pth"]);
        using (var stream = new FileStream(_folder["a.pth"], FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
            stream.SetLength(1 << 20);

        Assert.Contains("shortened", Assert.Throws<CheckpointException>(() => file.Read(name)).Message, StringComparison.Ordinal);
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
    public void Compressed_entries_are_refused()
    {
        var pickle = new PickleWriter();
        pickle.Dictionary(("x", () => pickle.Tensor("0", 0, [1 << 20], [1])));
        Save(pickle, zeros(1 << 20), CompressionLevel.Fastest);
        Assert.InRange(new FileInfo(_folder["a.pth"]).Length, 0, 1 << 16);
        Assert.Contains("compressed", Assert.Throws<CheckpointException>(() => PickleCheckpoint.Open(_folder["a.pth"])).Message);
    }

    [Fact]
    public void Other_files_are_refused()
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
