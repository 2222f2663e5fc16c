using Parquet;
using Parquet.Schema;
using Xunit;

namespace LatentDiffusion.Tests.Data;

public sealed class ParquetSourceTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Structs_are_read_across_row_groups_and_files()
    {
        await Write("b.parquet", Struct(), Row(4), Row(5, ""), null, Row(6, null));
        await Write("a.parquet", Struct(), Row(0), null, Row(1), Row(2), null, Row(3));
        StoredImages source = CaptionedImages.Open(_folder[""]);
        Assert.IsType<ParquetSource>(source);
        CaptionedImage[] all = source.All();
        Assert.Equal(["0", "1", "2", "3", "4", "", ""], all.Select(i => i.Caption));
        string[] names =
            [.. Enumerable.Range(0, 4).Select(i => $"a.parquet[{i}]"), .. Enumerable.Range(0, 3).Select(i => $"b.parquet[{i}]")];
        Assert.Equal(names, all.Select(i => i.Name));
        for (int i = 0; i < 7; i++) Assert.Equal(TestImages.Noise(i).Rgb.ToArray(), all[i].Rgb());
        Assert.Equal("3", source.ReadCaption(3));
        StoredImages part = CaptionedImages.Open(_folder["b*.parquet"]);
        Assert.Equal(3, part.Count);
        StoredImages one = CaptionedImages.Open(_folder["a.parquet"]);
        Assert.Equal(4, one.Count);
    }

    [Fact]
    public async Task Binary_columns_and_other_names_are_read()
    {
        var schema = new ParquetSchema(new DataField<int>("id"), new DataField<string>("caption"), new DataField<byte[]>("png"));
        using (FileStream file = File.Create(_folder["x.parquet"]))
        {
            await using ParquetWriter writer = await ParquetWriter.CreateAsync(schema, file);
            using ParquetRowGroupWriter group = writer.CreateRowGroup();
            await group.WriteAsync<int>(schema.DataFields[0], new[] { 1, 2 }.AsMemory());
            await group.WriteAsync(schema.DataFields[1], new[] { "one", "two" });
            byte[][] images = [TestImages.Png(TestImages.Noise(1)), TestImages.Png(TestImages.Noise(2))];
            await group.WriteAsync(schema.DataFields[2], images);
            group.CompleteValidate();
        }

        var options = new ParquetSourceOptions { ImageColumn = "png", CaptionColumn = "caption" };
        ParquetSource source = ParquetSource.Open(_folder["x.parquet"], options);
        Assert.Equal(["one", "two"], source.All().Select(i => i.Caption));
        Assert.Equal(TestImages.Noise(2).Rgb.ToArray(), source.Read(1).Rgb());
        string message = Assert.Throws<InvalidDataException>(() => ParquetSource.Open(_folder["x.parquet"])).Message;
        Assert.Contains("no column 'image'", message);
        Assert.Contains("'id' (Int32), 'caption' (text), 'png' (binary)", message);
        Assert.Contains("x.parquet", message);
        Assert.Contains("'id'", Assert.Throws<InvalidDataException>(() => ParquetSource.Open(
            _folder["x.parquet"], new ParquetSourceOptions { ImageColumn = "png", CaptionColumn = "id" })).Message);
    }

    [Fact]
    public async Task Rows_without_image_are_unreadable()
    {
        await Write("a.parquet", Struct(), Row(0), (null, "no bytes"), ([1, 2, 3], "not an image"), Row(3), Row(4, null), Row(5));
        ParquetSource refusing = ParquetSource.Open(_folder["a.parquet"]);
        string message = Assert.Throws<InvalidDataException>(() => refusing.Read(1)).Message;
        Assert.StartsWith("'a.parquet[1]' cannot be read: the row does not contain an image", message);
        var options = new ParquetSourceOptions { UnreadableImageHandling = UnreadableImageHandling.Skip };
        ParquetSource source = ParquetSource.Open(_folder["a.parquet"], options);
        Assert.Equal(["a.parquet[1]", "a.parquet[2]"], source.Unreadable.Select(u => u.Name));
        Assert.Equal(["0", "3", "", "5"], source.All().Select(i => i.Caption));
        Assert.Equal(TestImages.Noise(5).Rgb.ToArray(), source.Read(3).Rgb());
    }

    [Fact]
    public async Task Memory_is_bounded()
    {
        (byte[]?, string?)?[] rows = [.. Enumerable.Range(0, 40).SelectMany(i => new (byte[]?, string?)?[] { Row(i), null })];
        await Write("a.parquet", Struct(), rows);
        long one = TestImages.Png(TestImages.Noise(0)).Length;
        ParquetSource source = ParquetSource.Open(_folder["a.parquet"], new ParquetSourceOptions { MemoryBudget = 5 * one });
        int[] order = [.. Enumerable.Range(0, 400).Select(i => i * 17 % 40)];
        string[] captions = [.. order.AsParallel().AsOrdered().Select(i => source.Read(i).Caption)];
        Assert.Equal(order.Select(i => i.ToString()), captions);
        Assert.InRange(source.BytesInMemory, 1, 6 * one);
        ParquetSource none = ParquetSource.Open(_folder["a.parquet"], new ParquetSourceOptions { MemoryBudget = 0 });
        Assert.Equal(TestImages.Noise(7).Rgb.ToArray(), none.Read(7).Rgb());
        Assert.InRange(none.BytesInMemory, 1, one + 50);
    }

    [Fact]
    public void A_value_is_loaded_once_and_the_oldest_is_evicted_first()
    {
        var loads = new List<int>();
        var recent = new LruCache<int, int>(2, key =>
        {
            loads.Add(key);
            return key < 0 ? throw new InvalidDataException() : key;
        }, _ => 1);
        foreach (int key in new[] { 1, 2, 1, 3, 1, 2 }) Assert.Equal(key, recent.Get(key));
        Assert.Equal([1, 2, 3, 2], loads);
        Assert.Throws<InvalidDataException>(() => recent.Get(-1));
        Assert.Throws<InvalidDataException>(() => recent.Get(-1));
        Assert.Equal([1, 2, 3, 2, -1, -1], loads);
        Assert.Equal(2, recent.Total);
    }

    [Fact]
    public async Task Damaged_files_are_refused()
    {
        await Write("a.parquet", Struct(), Row(0), Row(1));
        byte[] whole = File.ReadAllBytes(_folder["a.parquet"]);
        foreach (int length in new[] { 0, 3, 12, whole.Length / 2, whole.Length - 1 })
        {
            File.WriteAllBytes(_folder["cut.parquet"], whole[..length]);
            Assert.Contains("cut.parquet", Assert.Throws<InvalidDataException>(() => ParquetSource.Open(_folder["cut.parquet"])).Message);
        }

        Assert.Throws<FileNotFoundException>(() => CaptionedImages.Open(_folder["missing.parquet"]));
    }

    [Fact]
    public async Task Metadata_without_an_end_are_refused()
    {
        await Write("a.parquet", Struct(), Row(0), Row(1));
        await Write("b.parquet", Struct(), Row(2));
        byte[] bytes = File.ReadAllBytes(_folder["a.parquet"]);
        // The last byte of the metadata ends it. It becomes the start of a field that never ends.
        Assert.Equal(0, bytes[^9]);
        bytes[^9] = 0x4c;
        File.WriteAllBytes(_folder["a.parquet"], bytes);
        string message = Assert.Throws<InvalidDataException>(() => CaptionedImages.Open(_folder["a.parquet"])).Message;
        Assert.Contains("a.parquet' cannot be read as Parquet: its metadata is damaged", message);

        var log = new TestImages.RecordedLog();
        Assert.Throws<InvalidDataException>(() => CaptionedImages.Open(_folder[""], null, log));
        StoredImages rest = CaptionedImages.Open(
            _folder[""], new StoredImagesOptions { UnreadableImageHandling = UnreadableImageHandling.Skip }, log);
        Assert.Equal(["b.parquet[0]"], rest.All().Select(i => i.Name));
        Assert.Contains(
            log.Lines,
            l => l.StartsWith("Warning: ", StringComparison.Ordinal) && l.Contains("a.parquet", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Fields_of_another_kind_are_refused()
    {
        await Write("a.parquet", Struct(), Row(0), Row(1));
        byte[] bytes = File.ReadAllBytes(_folder["a.parquet"]);
        // A list of one text becomes a list of twelve bytes, which the library reads as twelve texts, past the end.
        byte[] path = [0x19, 0x18, 0x04, .. "text"u8];
        int list = bytes.AsSpan().LastIndexOf(path);
        bytes[list + 1] = 0xC3;
        File.WriteAllBytes(_folder["a.parquet"], bytes);
        string message = Assert.Throws<InvalidDataException>(() => CaptionedImages.Open(_folder["a.parquet"])).Message;
        Assert.Contains("its metadata is damaged", message);

        ThriftShape shape = ThriftShape.Create(ThriftField.I32, ThriftField.Bool, ThriftField.List(ThriftField.Struct(ThriftField.Binary)));
        ThriftStructure.Known([0x15, 0x02, 0x11, 0x19, 0x1C, 0x18, 0x01, 0x61, 0x00, 0x00], shape);
        ThriftStructure.Known([0x15, 0x02, 0x12, 0x19, 0x03, 0x00], shape);
        Assert.Throws<InvalidDataException>(() => ThriftStructure.Known([0x16, 0x02, 0x00], shape));
        Assert.Throws<InvalidDataException>(() => ThriftStructure.Known([0x05, 0x04, 0x02, 0x00], shape));
        Assert.Throws<InvalidDataException>(() => ThriftStructure.Known([0x39, 0x1C, 0x15, 0x02, 0x00, 0x00], shape));
    }

    [Theory]
    [InlineData("", false)]
    [InlineData("00", true)]
    [InlineData("0000", false)]
    [InlineData("1504", false)]
    [InlineData("150400", true)]
    [InlineData("2100", true)]
    [InlineData("2200", true)]
    [InlineData("391C0000", true)]
    [InlineData("391C", false)]
    [InlineData("391C1801610000", true)]
    [InlineData("391C18056100", false)]
    [InlineData("39F5FFFFFF0F00", false)]
    [InlineData("150400150400", false)]
    [InlineData("15FFFFFFFFFFFFFFFFFFFFFF00", false)]
    [InlineData("4500", false)]
    [InlineData("1E00", false)]
    public void Structures_are_whole_or_refused(string hex, bool whole)
    {
        byte[] bytes = Convert.FromHexString(hex);
        ThriftShape shape = ThriftShape.Create(ThriftField.I32, ThriftField.Bool, ThriftField.List(ThriftField.Struct(ThriftField.Binary)));
        if (whole) ThriftStructure.Known(bytes, shape);
        else Assert.Throws<InvalidDataException>(() => ThriftStructure.Known(bytes, shape));
    }

    public static TheoryData<string> UnknownFields =>
    [
        // Field 100: numbers, texts, structures with fields, lists of these and of Booleans, sets, maps, a UUID, nested lists.
        "05C80102", "01C801", "07C8010000000000000000", "08C8010161", "0CC80100", "0CC801150200", "0CC8011C15020000", "09C8011C150200",
        "09C801210102", "0AC8011502",
        "0BC8010158020161", "0BC80100", "0DC80100000000000000000000000000000000", "09C80119191502",
    ];

    [Theory, MemberData(nameof(UnknownFields))]
    public async Task Fields_that_are_not_known_are_passed_over(string field)
    {
        await Write("a.parquet", Struct(), Row(0), Row(1));
        byte[] bytes = File.ReadAllBytes(_folder["a.parquet"]), unknown = Convert.FromHexString(field);
        int length = BitConverter.ToInt32(bytes, bytes.Length - 8);
        byte[] metadata = bytes[^(8 + length)..^8];
        // At the start, where the number of the next field is written in full, and at the end.
        Assert.Equal(0x15, metadata[0]);
        foreach (byte[] changed in (byte[][])[[.. unknown, 0x05, 0x02, .. metadata[1..]], [.. metadata[..^1], .. unknown, 0]])
        {
            File.WriteAllBytes(
                _folder["a.parquet"],
                [.. bytes[..^(8 + length)], .. changed, .. BitConverter.GetBytes(changed.Length), .. "PAR1"u8]);
            Assert.Equal(["0", "1"], CaptionedImages.Open(_folder["a.parquet"]).All().Select(i => i.Caption));
            Assert.Equal(metadata, ThriftStructure.Known(changed, ParquetMetadataShape.File));
        }
    }

    [Fact]
    public void Members_of_later_unions_are_passed_over()
    {
        // column_orders of a later version: the second column has member 3, a structure.
        byte[] orders = [0x79, 0x2C, 0x1C, 0x00, 0x00, 0x3C, 0x00, 0x00, 0x00], known = [0x79, 0x2C, 0x1C, 0x00, 0x00, 0x00, 0x00];
        Assert.Equal(known, ThriftStructure.Known(orders, ParquetMetadataShape.File));
    }

    [Fact]
    public void Unknown_fields_end_within_bounds()
    {
        // Structures, lists and maps nested without end.
        foreach (byte[] endless in (byte[][])[[0x0C, 0xC8, 0x01], [0x09, 0xC8, 0x01, 0x19], [0x0B, 0xC8, 0x01, 0x01, 0xBB]])
        {
            byte repeated = endless[^1] switch { 0x01 => 0x1C, 0x19 => 0x19, _ => 0x01 };
            byte[] deep = [.. endless, .. Enumerable.Repeat(repeated, 100_000)];
            Assert.Throws<InvalidDataException>(() => ThriftStructure.Known(deep, ParquetMetadataShape.File));
        }

        // Counts larger than the number of bytes.
        foreach (string hex in new[] { "09C801F5FFFFFF0F00", "0BC801FFFFFF0F5500", "08C801FFFFFF0F00", "0DC80100" })
            Assert.Throws<InvalidDataException>(() => ThriftStructure.Known(Convert.FromHexString(hex), ParquetMetadataShape.File));
    }

    [Fact]
    public async Task A_damaged_row_group_is_left_out_with_its_rows()
    {
        await Write("a.parquet", Struct(), Row(0), Row(1), null, Row(2), Row(3), null, Row(4));
        int page;
        using (FileStream file = File.OpenRead(_folder["a.parquet"]))
        {
            await using ParquetReader reader = await ParquetReader.CreateAsync(file);
            page = (int)reader.OpenRowGroupReader(1).GetMetadata(reader.Schema.DataFields[0])!.MetaData!.DataPageOffset;
        }

        byte[] bytes = File.ReadAllBytes(_folder["a.parquet"]);
        bytes.AsSpan(page, 50).Fill(0xFF);
        File.WriteAllBytes(_folder["a.parquet"], bytes);
        var options = new StoredImagesOptions { UnreadableImageHandling = UnreadableImageHandling.Skip };
        StoredImages source = CaptionedImages.Open(_folder["a.parquet"], options);
        Assert.Equal(["0", "1", "4"], source.All().Select(i => i.Caption));
        Assert.Equal(["a.parquet[2]", "a.parquet[3]"], source.Unreadable.Select(u => u.Name));
    }

    [Fact]
    public async Task Page_headers_do_not_allocate_what_they_claim()
    {
        await Write("a.parquet", Struct(), Row(0));
        int page;
        using (FileStream file = File.OpenRead(_folder["a.parquet"]))
        {
            await using ParquetReader reader = await ParquetReader.CreateAsync(file);
            page = (int)reader.OpenRowGroupReader(0).GetMetadata(reader.Schema.DataFields[0])!.MetaData!.DataPageOffset;
        }

        // A page of kind 0 with a DataPageHeader whose statistics claim a longest value of 250 MB.
        byte[] header = [0x15, 0, 0x15, 2, 0x15, 2, 0x2C, 0x15, 2, 0x15, 0, 0x15, 0, 0x15, 0, 0x1C, 0x18, 0x80, 0xE5, 0x9A, 0x77];
        byte[] bytes = File.ReadAllBytes(_folder["a.parquet"]);
        header.CopyTo(bytes, page);
        File.WriteAllBytes(_folder["a.parquet"], bytes);
        StoredImages source = CaptionedImages.Open(_folder["a.parquet"]);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Contains("damaged", Assert.Throws<InvalidDataException>(() => source.Read(0)).Message, StringComparison.Ordinal);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
    }

    [Fact]
    public async Task Row_counts_beyond_the_file_are_refused()
    {
        await Write("a.parquet", Struct(), Row(0));
        byte[] bytes = File.ReadAllBytes(_folder["a.parquet"]);
        int refused = 0;
        // Replaces every occurrence of the number of rows (1, zigzag 2, after its field's header 0x16 or 0x26) by 2^31.
        for (int i = bytes.Length - 400; i < bytes.Length - 10; i++)
        {
            if (bytes[i] is not (0x16 or 0x26) || bytes[i + 1] != 2) continue;
            byte[] changed = [.. bytes[..(i + 1)], 0x80, 0x80, 0x80, 0x80, 0x10, .. bytes[(i + 2)..]];
            BitConverter.TryWriteBytes(changed.AsSpan(changed.Length - 8), BitConverter.ToInt32(bytes, bytes.Length - 8) + 4);
            File.WriteAllBytes(_folder["b.parquet"], changed);
            long before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                CaptionedImages.Open(_folder["b.parquet"]).Read(0);
            }
            catch (InvalidDataException)
            {
                refused++;
            }

            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 50_000_000);
        }

        Assert.InRange(refused, 1, 20);
    }

    [Fact]
    public async Task Lists_of_captions_are_read()
    {
        var list = new ListField("text", new DataField<string>("element"));
        var schema = new ParquetSchema(new DataField<byte[]>("image"), list);
        using (FileStream file = File.Create(_folder["x.parquet"]))
        {
            await using ParquetWriter writer = await ParquetWriter.CreateAsync(schema, file);
            using ParquetRowGroupWriter group = writer.CreateRowGroup();
            byte[][] images = [.. Enumerable.Range(0, 3).Select(i => TestImages.Png(TestImages.Noise(i)))];
            await group.WriteAsync(schema.DataFields[0], images);
            await group.WriteAsync(schema.DataFields[1], new[] { "one", "two", "three", "four" }, new[] { 0, 1, 0, 0 });
            group.CompleteValidate();
        }

        StoredImages source = CaptionedImages.Open(_folder["x.parquet"]);
        Assert.Equal([["one", "two"], ["three"], ["four"]], Enumerable.Range(0, 3).Select(i => source.ReadCaptions(i)));
        Assert.Equal("two", source.Read(0, 1).Caption);
    }

    [Fact]
    public async Task Parts_are_told_by_the_names_of_files()
    {
        await Write("train-00000-of-00002.parquet", Struct(), Row(0));
        await Write("train-00001-of-00002.parquet", Struct(), Row(1));
        await Write("validation-00000-of-00001.parquet", Struct(), Row(2));
        Directory.CreateDirectory(_folder["test"]);
        await Write("test/0000.parquet", Struct(), Row(3));
        DataSplit split = DataSplit.Create(CaptionedImages.Open(_folder[""]));
        Assert.Equal(["0", "1"], split.Train.All().Select(i => i.Caption));
        Assert.Equal(["2"], split.Validation.All().Select(i => i.Caption));
        Assert.Equal(["3"], split.Test.All().Select(i => i.Caption));
    }

    [Fact]
    public async Task A_real_folder_survives_conversion_to_Parquet()
    {
        StoredImages folder = CaptionedImages.Open(SharedData.Require("pokemon-captioned"));
        string images = SharedData.Require("pokemon-captioned");
        var rows = new List<(byte[]?, string?)?>();
        for (int i = 0; i < 60; i++)
        {
            if (i % 25 == 0) rows.Add(null);
            rows.Add((File.ReadAllBytes(Path.Combine(images, folder.Read(i).Name)), folder.ReadCaption(i)));
        }

        await Write("real.parquet", Struct(), [.. rows]);
        StoredImages parquet = CaptionedImages.Open(_folder["real.parquet"]);
        Assert.Equal(60, parquet.Count);
        Assert.Equal(
            ContentHash.Compute(new SubsetImages(folder, Enumerable.Range(0, 60).Select(i => (long)i))), ContentHash.Compute(parquet));
    }

    private static ParquetSchema Struct() => new(
        new StructField("image", new DataField<byte[]>("bytes"), new DataField<string>("path")), new DataField<string>("text"));

    private static (byte[]?, string?)? Row(int seed) => Row(seed, seed.ToString());

    private static (byte[]?, string?)? Row(int seed, string? caption) => (TestImages.Png(TestImages.Noise(seed)), caption);

    /// <summary>Writes rows; null begins the next row group.</summary>
    private async Task Write(string name, ParquetSchema schema, params (byte[]? Bytes, string? Caption)?[] rows)
    {
        using FileStream file = File.Create(_folder[name]);
        await using ParquetWriter writer = await ParquetWriter.CreateAsync(schema, file);
        var group = new List<(byte[]? Bytes, string? Caption)>();
        foreach (var row in rows.Append(null))
        {
            if (row is { } some) group.Add(some);
            else if (group.Count > 0)
            {
                using ParquetRowGroupWriter rowGroup = writer.CreateRowGroup();
                await rowGroup.WriteAsync(schema.DataFields[0], group.Select(r => r.Bytes).ToArray()!);
                await rowGroup.WriteAsync(schema.DataFields[1], group.Select((_, i) => i == 0 ? null : $"{i}.png").ToArray()!);
                await rowGroup.WriteAsync(schema.DataFields[2], group.Select(r => r.Caption).ToArray()!);
                rowGroup.CompleteValidate();
                group.Clear();
            }
        }
    }
}
