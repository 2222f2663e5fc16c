using System.CommandLine;
using Studio;
using Xunit;

namespace LatentDiffusion.AspNetCore.Tests.Studio;

/// <summary>The options of <c>samples/Studio</c>.</summary>
public sealed class CommandLineTests : IDisposable
{
    private const string Key = "a-key-of-many-characters";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("studio-options-");

    public static TheoryData<string, string> Wrong => new()
    {
        { "--frobnicate", "--frobnicate" },
        { "more", "more" },
        { "--urls 7860", "--urls is '7860'; expected for example http://127.0.0.1:7860" },
        { "--urls http://127.0.0.1:99999", "--urls is 'http://127.0.0.1:99999'; expected for example" },
        { "--urls http://127.0.0.1:7860/studio", "expected for example http://127.0.0.1:7860" },
        { "--urls https://127.0.0.1:7860", "expected http; a proxy" },
        { "--storage nonsense", "'sqlite'" },
        { "--storage postgres", "--storage postgres needs --connection" },
        { "--storage postgres --connection secret-text", "--connection is not a connection string of PostgreSQL; expected for example" },
        { "--storage postgres --connection Port=many", "--connection is not a connection string of PostgreSQL" },
        { "--storage postgres --connection Port=5432;Password=secret-text", "--connection has no Host" },
        { "--connection Host=db", "--connection is only for --storage postgres" },
        { "--model no/such/folder", "--model is 'no/such/folder'; expected a folder or file that exists" },
        { "--model a=drawings a=drawings-few-steps", "Two models have the name 'a'" },
        { "--key secret-text-of-some-length", "--key has a key without a name" },
        { "--key anna=secret-text", "--key has a key of 11 characters for 'anna'" },
        { "--key-file no-such-file", "--key-file is 'no-such-file', which cannot be read" },
        { "--worker --storage memory", "--worker needs a queue that processes share" },
        { "--worker --urls http://127.0.0.1:7861", "--worker serves nothing" },
        { "--images ftp://server/images", "--images is 'ftp://server/images'; expected a folder" },
        { "--images s3://", "expected s3://BUCKET/PREFIX" },
        { "--images database --storage memory", "--images database needs a database" },
        { "--metadata exif", "'native'" },
    };

    [Theory]
    [MemberData(nameof(Wrong))]
    public void Wrong_options_are_refused_by_name(string arguments, string message)
    {
        string problem = Problem(arguments.Split(' '));
        Assert.Contains(message, problem);
        Assert.DoesNotContain("secret-text", problem);
    }

    [Theory]
    [InlineData("", "has no keys")]
    [InlineData("anna=short", "a key of 5 characters for 'anna'")]
    [InlineData("just words", "a key without a name")]
    public void Wrong_key_files_are_refused(string content, string message)
    {
        string file = Path.Combine(_folder.FullName, "keys");
        File.WriteAllText(file, content);
        Assert.Contains(message, Problem("--key-file", file));
    }

    [Fact]
    public void Key_files_have_a_key_in_each_line()
    {
        string file = Path.Combine(_folder.FullName, "keys");
        File.WriteAllText(file, $"anna={Key}1\r\nbot={Key}2\n");
        StudioSettings settings = Read("--key", $"carol={Key}3", "--key-file", file, "--admin", "anna");
        Assert.Equal(["carol", "anna", "bot"], settings.Keys.Select(key => key.Name));
        Assert.Equal($"{Key}2", settings.Keys[^1].Key);
        Assert.Equal(["anna"], settings.Administrators);
    }

    [Fact]
    public void Everything_has_a_default()
    {
        StudioSettings settings = Read("--data", _folder.FullName);
        Assert.Equal(["http://127.0.0.1:7860"], settings.Urls);
        Assert.Equal([new ModelArgument("drawings", "drawings")], settings.Models);
        Assert.Equal((QueueStorage.Sqlite, MetadataFormat.Native, false), (settings.Storage, settings.Metadata, settings.IsWorker));
        Assert.Equal(new ImagesArgument(ImagesKind.Folder, Path.Combine(_folder.FullName, "images")), settings.Images);
    }

    [Fact]
    public void Machines_that_share_a_database_share_its_images_unless_another_place_is_given()
    {
        string[] shared = ["--storage", "postgres", "--connection", "Host=db"];
        Assert.Equal(ImagesKind.Database, Read(shared).Images.Kind);
        Assert.Equal(new ImagesArgument(ImagesKind.Folder, _folder.FullName), Read([.. shared, "--images", _folder.FullName]).Images);
        ImagesArgument bucket = Read([.. shared, "--images", "s3://bucket/studio/images/"]).Images;
        Assert.Equal(new ImagesArgument(ImagesKind.S3, "bucket", "studio/images"), bucket);
        Assert.Equal(new ImagesArgument(ImagesKind.S3, "bucket"), Read("--images", "s3://bucket").Images);
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private static StudioSettings Read(params string[] arguments)
    {
        var options = new CommandLine();
        ParseResult parsed = options.Command.Parse(arguments);
        Assert.Empty(parsed.Errors);
        return options.Read(parsed);
    }

    /// <summary>What the program writes: the first error.</summary>
    private static string Problem(params string[] arguments)
    {
        try
        {
            return Assert.IsType<System.CommandLine.Parsing.ParseError>(new CommandLine().Command.Parse(arguments).Errors[0]).Message;
        }
        catch (InvalidOperationException e)
        {
            // A validator asked for a value that could not be read.
            return e.Message;
        }
    }
}
