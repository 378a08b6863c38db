Rails.application.routes.draw do
  resources :notes do
    get :source, on: :collection
  end
  get "titles", to: "titles#index"
  root to: redirect("/notes")
end
