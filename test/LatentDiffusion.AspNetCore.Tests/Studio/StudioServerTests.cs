using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Options;
using Studio;
using Xunit;

namespace LatentDiffusion.AspNetCore.Tests.Studio;

/// <summary>Starts of <c>samples/Studio</c> that fail.</summary>
public sealed class StudioServerTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("studio-server-");

    private StudioSettings Settings => new()
    {
        Urls = ["http://127.0.0.1:0"], Data = _folder.FullName, Models = [], Storage = QueueStorage.Memory,
        Images = new ImagesArgument(ImagesKind.Folder, Path.Combine(_folder.FullName, "images")), Keys = [], Administrators = [],
    };

    [Fact]
    public Task An_address_that_others_reach_needs_a_key() =>
        FailsAsync<ArgumentException>(Settings with { Urls = ["http://0.0.0.0:0"] }, "--urls is 'http://0.0.0.0:0'", "--allow-anonymous");

    [Fact]
    public Task Administrators_need_a_key() =>
        FailsAsync<OptionsValidationException>(Settings with { Administrators = ["nobody"] }, "Administrators has 'nobody'");

    [Fact]
    public async Task A_taken_port_is_named()
    {
        using var socket = new TcpListener(IPAddress.Loopback, 0);
        socket.Start();
        string url = $"http://{socket.LocalEndpoint}";
        await FailsAsync<IOException>(Settings with { Urls = [url] }, url, "already in use");
    }

    [Fact]
    public async Task Folders_that_cannot_be_written_are_named()
    {
        string file = Path.Combine(_folder.FullName, "file");
        await File.WriteAllTextAsync(file, "");
        await FailsAsync<IOException>(Settings with { Data = file }, $"'{file}' cannot be a folder");
        ImagesArgument images = new(ImagesKind.Folder, Path.Combine(file, "images"));
        await FailsAsync<IOException>(Settings with { Images = images }, $"'{images.Place}' cannot be a folder");
    }

    [Fact]
    public async Task A_folder_of_other_files_is_not_a_store()
    {
        string folder = _folder.CreateSubdirectory("holiday").FullName;
        await File.WriteAllTextAsync(Path.Combine(folder, "beach.jpg"), "");
        ImagesArgument images = new(ImagesKind.Folder, folder);
        await FailsAsync<InvalidOperationException>(Settings with { Images = images }, folder, "not an image store");
    }

    [Fact]
    public Task A_database_that_does_not_answer_is_named() => FailsAsync<Npgsql.NpgsqlException>(
        Settings with
        {
            Storage = QueueStorage.Postgres, Connection = "Host=127.0.0.1;Port=1;Timeout=1",
            Images = new ImagesArgument(ImagesKind.Database),
        },
        "127.0.0.1:1");

    [Fact]
    public async Task Wrong_settings_are_named()
    {
        await File.WriteAllTextAsync(Path.Combine(_folder.FullName, "settings.json"), """{ "Server": { "MaximumImages": 0 } }""");
        await FailsAsync<OptionsValidationException>(Settings, "MaximumImages");
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private static async Task FailsAsync<T>(StudioSettings settings, params string[] messages) where T : Exception
    {
        T exception = await Assert.ThrowsAnyAsync<T>(() => StudioServer.RunAsync(settings));
        Assert.All(messages, message => Assert.Contains(message, exception.Message));
    }
}
