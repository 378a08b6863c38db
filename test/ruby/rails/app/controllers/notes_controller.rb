# What a scaffold makes, a counter in the session, and a file.
class NotesController < ActionController::Base
  layout "application"
  protect_from_forgery with: :exception
  before_action { session[:visits] = session[:visits].to_i + 1 }
  before_action(only: %i[show edit update destroy]) { @note = Note.find(params[:id]) }

  def index
    @notes = Note.order(:id)
  end

  def show; end

  def new
    @note = Note.new
  end

  def edit; end

  def create
    @note = Note.new(given)
    @note.save ? redirect_to(@note, notice: "The note was created") : render(:new, status: :unprocessable_entity)
  end

  def update
    @note.update(given) ? redirect_to(@note, notice: "The note was changed") : render(:edit, status: :unprocessable_entity)
  end

  def destroy
    @note.destroy
    redirect_to notes_url, notice: "The note was removed"
  end

  def source
    send_file __FILE__, type: "text/plain", disposition: "inline"
  end

  private

  def given
    params.require(:note).permit(:title)
  end
end
